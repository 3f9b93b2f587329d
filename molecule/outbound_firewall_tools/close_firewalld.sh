#!/bin/sh
# A policy and direct rules close the host, and both have to be opened.
set -eu
policy() { firewall-cmd --quiet --permanent --policy closed "$@"; }
direct() { firewall-cmd --quiet --permanent --direct --add-rule ipv4 filter OUTPUT "$@"; }
firewall-cmd --quiet --permanent --new-policy closed
policy --add-ingress-zone HOST
policy --add-egress-zone ANY
policy --set-target REJECT
policy --add-service dns
policy --add-port 8080/tcp
direct 0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
direct 1 -o lo -j ACCEPT
direct 2 -p udp --dport 53 -j ACCEPT
direct 3 -p tcp -m multiport --dports 53,8080 -j ACCEPT
direct 99 -j DROP
firewall-cmd --quiet --reload
nft delete table inet filter
