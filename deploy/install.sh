#!/bin/sh
# Installs minirelay from this folder on a Linux machine without support for Debian packages. Running it again upgrades:
# the config and the data are kept. --uninstall removes the program and keeps both. PREFIX=/opt/minirelay installs there
# instead of below /usr/local.
set -eu
cd "$(dirname "$0")"

fail() { # WHAT WHAT-TO-TRY [STATUS]
	echo "error: $1" >&2
	echo "hint: $2" >&2
	exit "${3:-1}"
}
has() { command -v "$1" >/dev/null; }
known() { # group|passwd NAME
	if has getent; then getent "$1" "$2" >/dev/null; else grep -q "^$2:" "/etc/$1"; fi
}

prefix=${PREFIX:-/usr/local}
unit=/etc/systemd/system/minirelay.service
rules=/etc/udev/rules.d/60-minirelay.rules
bash=$prefix/share/bash-completion/completions
zsh=$prefix/share/zsh/site-functions
fish=$prefix/share/fish/vendor_completions.d

case ${1-} in
'' | --uninstall) ;;
*) fail "install.sh does not know $1" "./install.sh installs or upgrades, ./install.sh --uninstall takes it away" 2 ;;
esac
[ "$(id -u)" = 0 ] || fail "this must be run by root" "sudo ./install.sh${1:+ $1}"

if [ "${1-}" = --uninstall ]; then
	if [ -e "$unit" ] && has systemctl; then systemctl --no-reload disable minirelay 2>/dev/null || true; fi
	if [ -d /run/systemd/system ]; then systemctl stop minirelay || true; fi
	rm -f "$unit" "$rules" "$prefix/bin/minirelay" "$prefix/share/man/man1/minirelay.1" "$bash/minirelay" "$zsh/_minirelay" "$fish/minirelay.fish"
	rm -rf "$prefix/share/doc/minirelay"
	if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
	echo "minirelay is gone; /etc/minirelay, /var/lib/minirelay and the user minirelay are kept."
	echo "minirelay 已删除；/etc/minirelay、/var/lib/minirelay 和用户 minirelay 保留。"
	exit 0
fi

# Serial ports belong to the group dialout, on Arch to uucp.
serial=dialout
known group dialout || ! known group uucp || serial=uucp

if ! known passwd minirelay || ! known group minirelay; then
	has useradd && has groupadd || fail "there is no useradd here, so no user minirelay can be made" \
		"make the group and the user minirelay, the user in the group $serial, and run this again; with BusyBox: addgroup -S minirelay; adduser -S -D -H -G minirelay minirelay; addgroup minirelay $serial"
	known group minirelay || groupadd --system minirelay
	known passwd minirelay ||
		useradd --system --gid minirelay --home-dir /var/lib/minirelay --no-create-home --shell /usr/sbin/nologin minirelay
	if known group $serial; then usermod -aG $serial minirelay; fi
fi

# Missing directories are created readable for all users, regardless of root's umask.
umask 022
place() { # MODE FILE TO
	mkdir -p "$(dirname "$3")"
	install -m "$1" "$2" "$3"
}
place 0755 minirelay "$prefix/bin/minirelay"
place 0644 minirelay.1 "$prefix/share/man/man1/minirelay.1"
place 0644 completion/minirelay.bash "$bash/minirelay"
place 0644 completion/_minirelay "$zsh/_minirelay"
place 0644 completion/minirelay.fish "$fish/minirelay.fish"
rm -rf "$prefix/share/doc/minirelay"
mkdir -p "$prefix/share/doc/minirelay"
cp -R README.md README.zh-CN.md CHANGELOG.md LICENSE docs "$prefix/share/doc/minirelay/"
install -d -o minirelay -g minirelay -m 0700 /var/lib/minirelay
install -d -o root -g minirelay -m 0750 /etc/minirelay
[ -e /etc/minirelay/minirelay.toml ] || install -o root -g minirelay -m 0640 initial.toml /etc/minirelay/minirelay.toml
if [ -d /etc/udev/rules.d ]; then
	place 0644 60-minirelay.rules "$rules"
	if has udevadm && udevadm control --reload 2>/dev/null; then
		udevadm trigger --subsystem-match=tty --action=change || true
	fi
fi

program=minirelay
case ":$PATH:" in
*":$prefix/bin:"*) ;;
*) program=$prefix/bin/minirelay ;; # sudo's path is not in effect for all users
esac

if [ -d /etc/systemd/system ]; then
	sed -e "s|/usr/bin/minirelay|$prefix/bin/minirelay|; s|/usr/share/doc|$prefix/share/doc|; s|^SupplementaryGroups=.*|SupplementaryGroups=$serial|" \
		minirelay.service >"$unit"
	if has systemctl; then systemctl --quiet --no-reload enable minirelay; fi # effective at the next boot if systemd is not running now
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl restart minirelay || echo "minirelay could not be started: journalctl -u minirelay -e says why" >&2
elif [ ! -d /etc/systemd/system ]; then
	echo "There is no systemd here. Have your service manager start this as the user minirelay, and again when it ends:"
	echo "本机没有 systemd，请让服务管理器以用户 minirelay 运行下面的命令，退出后重新启动："
	echo
	echo "  $prefix/bin/minirelay run -c /etc/minirelay/minirelay.toml"
fi

cat <<END

minirelay is installed. Two steps to the first switch:
已安装。接下来两步：

  1. sudo $program init     what is connected, and the first user  接了什么设备，第一个用户
  2. the page, in the browser of a phone or a computer  用手机或电脑的浏览器打开网页：

END
"$prefix/bin/minirelay" address -qr -c /etc/minirelay/minirelay.toml || true
