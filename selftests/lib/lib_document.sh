# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The commands of a document, in the order in which it has them: each is run, and prints
# what the document says that it prints. In the document's indented blocks a line that
# begins with "guest# " is a command; it goes on in the next line behind a backslash. The
# lines up to the next one are what it prints: each of them has to come, in that order,
# numbers and blanks apart; "..." stands for anything, also within a line. What prints
# nothing has to succeed. VEI_SHOW=1 has the report say what came, to be written down.

DOCUMENTS=${VEI_DOCUMENTS:-/opt/Documentation}
COMMANDS=()
EXPECTED=()

# document_read NAME: into COMMANDS and EXPECTED
document_read()
{
	local line="" inside=""

	while IFS= read -r line; do
		case $line in
		'    guest# '*)
			COMMANDS+=("${line#    guest# }")
			EXPECTED+=("")
			inside="command"
			;;
		'    host$ '*)
			inside=""
			;;
		'    '*)
			if [ "$inside" = command ] && [[ ${COMMANDS[-1]} == *\\ ]]; then
				COMMANDS[-1]=${COMMANDS[-1]%\\}${line#"${line%%[! ]*}"}
			elif [ -n "$inside" ]; then
				EXPECTED[-1]+=${line#    }$'\n'
				inside=output
			fi
			;;
		'')	;;
		*)	inside="" ;;
		esac
	done <"$DOCUMENTS/$1"
}

# Numbers and blanks apart.
document_plain()
{
	sed -E -e 's/0x[0-9a-f]+/N/g' -e 's/[0-9]+([.,][0-9]+)*/N/g' -e 's/[[:space:]]+/ /g' \
		-e 's/^ //' -e 's/ $//'
}

# document_missing EXPECTED OUTPUT: the first line that does not come
document_missing()
{
	local got at=0 want pattern

	mapfile -t got < <(document_plain <<<"$2")
	while IFS= read -r want; do
		case $want in
		"" | ...)	continue ;;
		esac
		printf -v pattern %q "$want"
		pattern=${pattern//.../*}
		# shellcheck disable=SC2053 # a pattern it is
		until [[ ${got[at]-} == $pattern ]]; do
			if [ $((++at)) -ge ${#got[@]} ]; then
				echo "$want"
				return
			fi
		done
		at=$((at + 1))
	done < <(document_plain <<<"$1")
}

# The suite's test of one command; it counts from 1.
test_command()
{
	local command=${COMMANDS[$1 - 1]} expected=${EXPECTED[$1 - 1]} output=/run/document status missing

	eval "$command" >$output 2>&1 </dev/null
	status=$?
	[ -z "${VEI_SHOW-}" ] || { echo "# guest# $command"; sed 's/^/# /' $output; }
	if [ -z "$expected" ]; then
		check_err $status "fails: $command: $(tr '\n' ';' <$output)"
		return 0
	fi
	missing=$(document_missing "$expected" "$(<$output)")
	check_eq "$missing" "" "not as the document says: $command"
	[ -z "$missing" ] || note "what came: $(tr '\n' ';' <$output | cut -c1-1500)"
}

# document_tests NAME: ALL_TESTS gets one for each command
document_tests()
{
	local i

	document_read "$1"
	for ((i = 1; i <= ${#COMMANDS[@]}; i++)); do
		ALL_TESTS+=("test_command $i")
	done
}
