#!/bin/sh
# Runs inside a new layer of the Windows doubles.
set -eu
# shellcheck source=/dev/null
. /etc/eeszt-double/environment
export WINEPREFIX WINEDEBUG XDG_RUNTIME_DIR HOME

# Wine copies its libraries into the prefix; as links to the same files they cost no disk.
join() {
	for own in /usr/lib/*-linux-gnu/wine/*-windows/*; do
		copy=$WINEPREFIX/drive_c/windows/system32/${own##*/}
		[ ! -f "$copy" ] || ! cmp -s "$own" "$copy" || ln -f "$own" "$copy"
	done
}

wineboot() { wine64 wineboot "$@" </dev/null >/dev/null 2>&1; }
settle() { wineserver -w; }
import() {
	wine64 regedit /S "Z:\\${1#/}" </dev/null >/dev/null 2>&1
	settle
	rm "$1"
}

ln -sf /usr/lib/wine/wine64 /usr/local/bin/wine64
ln -sf /usr/lib/wine/wineserver /usr/local/bin/wineserver
mkdir -p "$WINEPREFIX"
wineboot -i
settle
join
mkdir -p "$WINEPREFIX/drive_c/eeszt-double/state" /opt/pwsh-win /opt/pwsh-linux /opt/eeszt-double
ln -s /opt/pwsh-win "$WINEPREFIX/drive_c/pwsh"
import /double.reg
# A host whose outbound is open, as that of most is, gets the first registry; see host.py.
sed 's/\("DefaultOutboundAction"=dword:0000000\)1/\10/' /closed.reg >/open.reg
import /open.reg
cp "$WINEPREFIX/system.reg" "$WINEPREFIX/system-open.reg"
import /closed.reg
# regedit says nothing of what it could not read.
for word in 'TLS 1.3' eeszt-connect-lab DefaultOutboundAction; do
	grep -q "$word" "$WINEPREFIX/system.reg"
done
[ "$(grep -c '"DefaultOutboundAction"=dword:00000000' "$WINEPREFIX/system-open.reg")" = 3 ]
[ "$(grep -c '"DefaultOutboundAction"=dword:00000001' "$WINEPREFIX/system.reg")" = 3 ]
systemctl enable eeszt-wine.service eeszt-firewall.service eeszt-winrm.service
