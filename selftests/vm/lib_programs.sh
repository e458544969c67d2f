# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash # sourced, after env.sh
#
# Which files the guests' image needs for the programs that selftests/vm/contents names.

# contents KEY: the words of the lines that begin with it
contents()
{
	sed -e 's/#.*//' "$VEI_TOP/selftests/vm/contents" | awk -v key="$1" '
		$1 == key { for (i = 2; i <= NF; i++) print $i }'
}

# program_path NAME: on this machine, or below VEI_USER, for another architecture
program_path()
{
	local dir

	if [ -z "$VEI_USER" ]; then
		type -P "$1"
		return
	fi
	for dir in /usr/bin /usr/sbin /bin /sbin; do
		if [ -e "$VEI_USER$dir/$1" ]; then
			echo "$dir/$1"
			return
		fi
	done
	return 1
}

# foreign_libraries FILE: what a program below VEI_USER loads, and its loader; and what those load
foreign_libraries()
{
	local name names
	local -a todo=("$1") found
	local -A seen=()

	while [ ${#todo[@]} -gt 0 ]; do
		names=$(readelf -ld "$VEI_USER${todo[0]}") || die "readelf cannot read ${todo[0]}"
		while read -r name; do
			[ -z "${seen[$name]-}" ] || continue
			seen[$name]=1
			if [[ $name != /* ]]; then
				shopt -s nullglob
				# Some are in a directory of their own, which is in who loads them.
				found=("$VEI_USER"/{usr/,}lib/*-linux-gnu*/{,*/}"$name")
				shopt -u nullglob
				[ ${#found[@]} -gt 0 ] || die "$1 needs $name, which is not there"
				name=${found[0]#"$VEI_USER"}
			fi
			echo "$name"
			todo+=("$name")
		done < <(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p
			s/.*program interpreter: \(.*\)\]/\1/p' <<<"$names")
		todo=("${todo[@]:1}")
	done
}

libraries()
{
	if [ -z "$VEI_USER" ]; then
		ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || :
	else
		foreign_libraries "$1"
	fi
}

# program_files KIND: the file behind each program of that kind, and the libraries that it loads
program_files()
{
	local name file files="" missing="" more

	for name in $(contents "$1"); do
		if file=$(program_path "$name"); then
			more=$(libraries "$file") || exit 1
			files+=$file$'\n'$more$'\n'
		else
			missing+=" $name"
		fi
	done
	[ -z "$missing" ] ||
		die "not there:$missing (run scripts/${VEI_USER:+guest-kernel $VEI_ON, or scripts/}setup, with --seeing for bpftrace and perf)"
	sort -u <<<"$files" | sed '/^$/d'
}
