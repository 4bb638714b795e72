#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# utilities.sh - busybox's utilities at work: everything printed is an answer, so it is the same wherever they run right.
# tests/e2e/linux_proofs.py runs it on the host and in a guest. usage: utilities.sh EMPTY_FOLDER
set -eu
export LC_ALL=C TZ=UTC0
cd "$1"
say() { printf '%s: ' "$1"; shift; "$@"; }

seq 1 4000 >numbers
say seq wc numbers
awk 'BEGIN { s = 1; for (i = 0; i < 6000; i++) { s = (s * 16807) % 2147483647; printf "%d %x word%d\n", s, s, s % 997 } }' >random
say random crc32 random
for sum in md5sum sha1sum sha256sum sha512sum sha3sum; do say $sum $sum random; done
say sort sh -c 'sort -n random | md5sum; sort -k3,3 -k1,1nr random | md5sum; sort -u -k3,3 random | wc -l'
say uniq sh -c 'cut -d" " -f3 random | sort | uniq -c | sort -rn | head -n 3'
say grep sh -c 'grep -cE "^1.*[ac]f? word[0-9]{3}$" random; grep -F -n word77 random | tail -n 1'
say sed sh -c 'sed -n "s/\([0-9]*\) \([0-9a-f]*\) word\(.*\)/\3-\2/; /^12/p" random | md5sum'
say tr sh -c 'tr 0-9a-f f-a9-0 <random | md5sum; tr -cd "\n" <random | wc -c'
say head head -n 1 random
say tail tail -c 20 random
say od sh -c 'head -c 48 random | od -x; hexdump -C random | md5sum'
say expr expr 123456789 '*' 987 % 1000003
say shell sh -c 'i=0; s=0; while [ $i -lt 5000 ]; do s=$(((s * 31 + i) % 1000007)); i=$((i + 1)); done; echo $s'
say dc dc -e '12 k 2 v p 355 113 / p 16 o 65535 p'
say bc sh -c 'echo "scale=30; e(1); 2^200; sqrt(3)" | bc -l'
say factor sh -c 'factor 600851475143 4294967291000003 | md5sum'
say date date -u -d @1700000000 '+%Y-%m-%d %H:%M:%S %j %a'
say cal cal 2 2024

for pack in gzip bzip2; do
    $pack -c random >random.$pack
    say $pack sh -c "$pack -dc random.$pack | md5sum"
done
mkdir -p tree/one/two tree/three
cp random tree/one/two/; ln -s ../one/two/random tree/three/link; echo text >tree/three/file
say find sh -c 'find tree | sort; find tree -type f -size +10k'
say xargs sh -c 'find tree -type f | sort | xargs md5sum'
tar -cf tree.tar tree
mv tree before
tar -xf tree.tar
say diff sh -c 'diff -r before tree && echo equal; sed "100s/.*/another/; 4000d" numbers >changed; diff numbers changed || true'
say cmp sh -c 'cmp numbers changed || true'
(cd tree && find . | cpio -o -H newc 2>/dev/null) >tree.cpio
say cpio sh -c 'cpio -t <tree.cpio 2>/dev/null | sort'
say dd sh -c 'dd if=random bs=100 skip=7 count=50 2>/dev/null | md5sum'
say base64 sh -c 'base64 random | md5sum; base64 random | base64 -d | cmp - random && echo equal'
say uuencode sh -c 'uuencode random name | md5sum'
say patch sh -c 'diff -u numbers changed >difference; cp numbers copy; patch copy difference; cmp copy changed && echo equal'
say paste sh -c 'paste -d: numbers random | sed -n 3456p; fold -w 17 random | md5sum; rev random | tac | md5sum'
say test sh -c '[ -L tree/three/link ] && [ ! -e tree/none ] && chmod 640 numbers && stat -c "%a %s" numbers'
say pipe sh -c 'seq 1 40000 | grep 7 | sed "s/7/x/g" | sort | tail -n 100 | md5sum'
say background sh -c 'for i in 1 2 3 4 5 6; do (seq 1 ${i}000 | md5sum >sum.$i) & done; wait; cat sum.*'
say printf printf '%08.3f|%-6s|%x|%o\n' 3.14159 ab 255 8
say awk awk '
    function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
    { count[$3]++; sum += $1; if ($1 > high) high = $1; length_of_all += length($0) }
    END {
        for (word in count) words++
        printf "%d words, mean %.6f, high %d, %d bytes; ", words, sum / NR, high, length_of_all
        printf "%d %.12f %.10e %s %d %s\n", fib(17), 1.414213562373 / 3, 1 / 3e5, toupper(substr("abcdef", 2, 3)),
            match("foobar", /o+b/), sprintf("%c%5.2f", 65, 22 / 7)
    }' random
rm -rf tree before
say ed sh -c 'printf "500,1500d\n1s/1/one/\nw\nq\n" | ed copy; md5sum <copy'
say xxd sh -c 'xxd random | xxd -r | cmp - random && echo equal; strings -n 9 random | tail -n 1; nl random | md5sum'
say ls ls -1
