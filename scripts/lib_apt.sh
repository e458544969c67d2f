# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash # sourced
# apt with lists and a cache of its own, for what the machine's configuration does not
# name: other suites and architectures of Debian. Nothing of the machine's is changed.

# debian_archive: the address of the archive that this machine has its Debian from
debian_archive()
{
	local codename found format

	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # apt expands these
	format='$(REPO_URI) $(CODENAME) $(RELEASE)'
	# What the lists say of themselves, or where there are none yet, the names of suites.
	found=$(apt-get indextargets --format "$format" 'Created-By: Packages' 'Origin: Debian' \
		2>/dev/null)
	[ -n "$found" ] || found=$(apt-get indextargets --no-release-info --format "$format" \
		'Created-By: Packages' 2>/dev/null)
	awk -v suite="$codename" '$2 == suite || $3 == suite { print $1; found = 1; exit } END { exit !found }' \
		<<<"$found"
}

# apt_set_up DIR ARCHITECTURE "deb SUITE"|"deb-src SUITE"...: what private_apt uses in DIR
apt_set_up()
{
	local dir=$1 arch=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	local archive options='' entry

	archive=$(debian_archive) || return 1
	[ ! -r "$keyring" ] || options="[signed-by=$keyring] "
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	for entry in "${@:3}"; do
		echo "${entry% *} $options$archive ${entry#* } main"
	done >"$dir/sources.list"
	# An empty status: nothing is installed of what is asked for. A mirror that lags
	# behind is good enough; who signed its lists is looked at all the same.
	: >"$dir/status"
	cat >"$dir/apt.conf" <<-EOF
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::State::Lists "$dir/lists";
		Dir::State::Status "$dir/status";
		Dir::Cache "$dir/cache";
		APT::Architecture "$(dpkg --print-architecture)";
		APT::Architectures { "$(dpkg --print-architecture)"; "$arch"; };
		APT::Default-Release "${entry#* }";
		APT::Sandbox::User "$(id -un)";
		Acquire::Check-Valid-Until "false";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	EOF
}

# private_apt DIR COMMAND...
private_apt()
{
	APT_CONFIG=$1/apt.conf "$2" -q "${@:3}"
}

# apt_update DIR: its lists, a day old at the most
apt_update()
{
	if [ -n "$(find "$1/fresh" -mmin -1440 2>/dev/null)" ]; then
		return
	fi
	rm -f "$1/fresh"
	# By itself apt takes lists that it could not get for a warning.
	private_apt "$1" apt-get --error-on=any update >&2 && touch "$1/fresh"
}

# apt_tree APT-DIR DIR ARCHITECTURE PACKAGE...: these and all that they need, unpacked in DIR
apt_tree()
{
	local suite

	suite=$(sed -n 's/^APT::Default-Release "\(.*\)";/\1/p' "$1/apt.conf")
	mkdir -p "$2"
	# As a stream: unpacked by us, the files are ours whoever we are.
	mmdebstrap --variant=extract --architectures="$3" --format=tar \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--include="$(IFS=,; echo "${*:4}")" "$suite" - - <"$1/sources.list" |
		tar -x -C "$2" --no-same-owner --exclude='./dev/*'
}

# apt_download PACKAGE VERSION DIR: that version, or any if it has left the archive, as the
# machine itself would get it; the name of the file
apt_download()
{
	mkdir -p "$3" && cd "$3" || return 1
	{ apt-get -q download "$1=$2" || apt-get -q download "$1"; } >log 2>&1 || {
		tail -n 5 log >&2
		return 1
	}
	ls "$3/${1}"_*.deb
}
