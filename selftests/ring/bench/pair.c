#include "harness.h"
int bench_pair(unsigned int samples, double ms) { (void)samples; (void)ms; return 0; }
