# shellcheck shell=bash
# A private configuration of apt, to be sourced. It fetches sources, and packages of other releases and architectures,
# from the mirror that this machine uses. It changes nothing on the machine.

# The mirror of a label of Debian: "Debian" or "Debian-Security".
mirror() { APT_CONFIG='' apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' "Label: $1" | sort -u | head -n 1; }

# Sets APT_CONFIG. Each SUITE is "TYPE SUITE", for example "deb-src trixie".
private_apt() { # private_apt DIRECTORY ARCHITECTURE SUITE...
  local directory architecture=$2 suite label uri
  directory=$(realpath -m "$1")
  shift 2
  mkdir -p "$directory"/{lists,cache/archives}/partial
  for suite in "$@"; do
    label=Debian
    [[ $suite != *-security ]] || label=Debian-Security
    uri=$(mirror "$label")
    [ -n "$uri" ] || { echo "apt has no mirror of $label here (apt-get update may be needed)" >&2; return 1; }
    echo "${suite% *} [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri ${suite#* } main"
  done >"$directory/sources.list.new"
  cat >"$directory/apt.conf" <<END
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$directory";
Dir::State::lists "$directory/lists";
Dir::State::status "$directory/status";
Dir::Cache "$directory/cache";
Dir::Etc::sourcelist "$directory/sources.list";
Dir::Etc::sourceparts "-";
END
  touch "$directory/status"
  export APT_CONFIG=$directory/apt.conf
  cmp -s "$directory/sources.list.new" "$directory/sources.list" && return
  cp "$directory/sources.list.new" "$directory/sources.list"
  apt-get update -qq || { rm "$directory/sources.list"; return 1; }
}

# Fetches a file of a source package. apt checks the signature of the index, and the file's SHA-256.
fetch_source() { # fetch_source PACKAGE FILE SHA256 DESTINATION
  local version uri
  for version in $(apt-cache showsrc --only-source "$1" | awk -v file="$2" '$1 == "Version:" {version = $2} $3 == file {print version}' | sort -u); do
    uri=$(apt-get source --print-uris -qq "$1=$version" | tr -d "'" | awk -v file="$2" '$2 == file {print $1}')
    /usr/lib/apt/apt-helper -qq download-file "$uri" "$4" "SHA256:$3" >&2 && return
  done
  return 1
}

# Unpacks packages without their dependencies.
unpack_packages() { # unpack_packages DESTINATION PACKAGE...
  local destination work package
  destination=$(realpath -m "$1") work=$(mktemp -d)
  shift
  mkdir -p "$destination"
  (cd "$work" && apt-get download -qq "$@")
  for package in "$work"/*.deb; do dpkg -x "$package" "$destination"; done
  rm -rf "$work"
}
