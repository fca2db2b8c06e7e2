#!/bin/sh
# Installs minirelay from this folder on a Linux machine that takes no Debian packages. Run again it upgrades: the
# config and the data are kept. --uninstall takes it away and keeps both.
set -eu
cd "$(dirname "$0")"

if [ "$(id -u)" != 0 ]; then
	echo "error: this must be run by root" >&2
	echo "hint: sudo ./install.sh" >&2
	exit 1
fi
prefix=${PREFIX:-/usr/local}
unit=/etc/systemd/system/minirelay.service

if [ "${1:-}" = --uninstall ]; then
	[ ! -d /run/systemd/system ] || systemctl disable --now --quiet minirelay || true
	rm -f "$unit" "$prefix/bin/minirelay" "$prefix/share/man/man1/minirelay.1" /etc/udev/rules.d/60-minirelay.rules
	echo "minirelay is gone; /etc/minirelay and /var/lib/minirelay are kept."
	exit 0
fi

getent group minirelay >/dev/null || groupadd --system minirelay
getent passwd minirelay >/dev/null ||
	useradd --system --gid minirelay --home-dir /var/lib/minirelay --shell /usr/sbin/nologin minirelay
# The group of serial ports is dialout on Debian, uucp on Arch.
for group in dialout uucp; do
	if getent group $group >/dev/null; then usermod -aG $group minirelay; serial=$group; fi
done

install -D -m 0755 minirelay "$prefix/bin/minirelay"
install -D -m 0644 minirelay.1 "$prefix/share/man/man1/minirelay.1"
install -d -o minirelay -g minirelay -m 0700 /var/lib/minirelay
install -d -o root -g minirelay -m 0750 /etc/minirelay
[ -e /etc/minirelay/minirelay.toml ] || install -o root -g minirelay -m 0640 initial.toml /etc/minirelay/minirelay.toml
if [ -d /etc/udev/rules.d ]; then install -m 0644 60-minirelay.rules /etc/udev/rules.d/60-minirelay.rules; fi
if [ -d /etc/systemd/system ]; then
	sed -e "s|/usr/bin/minirelay|$prefix/bin/minirelay|; s|^SupplementaryGroups=.*|SupplementaryGroups=${serial:-dialout}|" minirelay.service >"$unit"
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl enable --quiet minirelay
	systemctl restart minirelay
else
	echo "systemd does not run here: start it with $prefix/bin/minirelay run -c /etc/minirelay/minirelay.toml"
fi

cat <<'END'

minirelay is installed. Two steps to the first switch:
已安装。接下来两步:

  1. sudo minirelay init        what hangs on this machine, and the first user  接了什么设备,第一个用户
  2. the page, in the browser of a phone or a computer  用手机或电脑的浏览器打开网页:

END
"$prefix/bin/minirelay" address -qr -c /etc/minirelay/minirelay.toml || true
