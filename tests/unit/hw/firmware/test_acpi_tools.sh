#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# test_acpi_tools.sh - iasl disassembles every table, ACPICA's interpreter loads the namespace and runs the methods:
# test_acpi_tools.sh ACPI_DUMP PROBE.asl. Skipped where acpica-tools are missing.
set -u
acpi_dump=$(realpath "$1") probe=$(realpath "$2")
for tool in iasl acpiexec; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool (package acpica-tools)"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() { echo "FAILED: $1"; [ $# -lt 2 ] || sed -n 1,60p "$2"; exit 1; }

# order FILE TEXT...: the texts stand in the file in this order.
order() {
    local file=$1 at=1 text line
    shift
    for text; do
        line=$(tail -n "+$at" "$file" | grep -nF -m 1 -- "$text" | cut -d: -f1)
        [ -n "$line" ] || fail "no '$text' from line $at on, $slots slots" "$file"
        at=$((at + line - 1))
        # The next text may stand further on in the same line, but not be this one again.
        [ "${text#=}" = "$text" ] && [ "${text% returned}" = "$text" ] || at=$((at + 1))
    done
}

# run LOG TABLE...: acpiexec with the commands of standard input; whatever it complains of is a failure.
run() {
    local log=$1
    shift
    timeout 100 acpiexec -b "$(paste -sd ';')" "$@" >"$log" 2>&1 </dev/null || fail "acpiexec, $slots slots" "$log"
    ! grep -E 'Error|Warning|AE_|Failure|failed' "$log" || fail "acpiexec, $slots slots" "$log"
}

for slots in 0 1 3 256; do
    here=$folder/$slots
    mkdir "$here" && "$acpi_dump" "$here" "$slots" || fail "acpi_dump $slots"
    cd "$here" || exit 1
    for table in *.aml; do
        externals=()
        case $table in DSDT*|SSDT*) for other in DSDT*.aml SSDT*.aml; do [ "$other" = "$table" ] || externals+=(-e "$other"); done ;; esac
        timeout 60 iasl "${externals[@]}" -d "$table" >"log.$table" 2>&1 </dev/null || fail "iasl -d $table, $slots slots" "log.$table"
        ! grep -qiE 'error|warning|invalid|incorrect' "log.$table" || fail "iasl -d $table, $slots slots" "log.$table"
        [ -s "${table%.aml}.dsl" ] || fail "iasl -d $table wrote nothing"
        ! grep -qE '\*\*\*\*|Invalid|Incorrect|Unknown' "${table%.aml}.dsl" || fail "$table, $slots slots" "${table%.aml}.dsl"
    done
    iasl -we -p probe "$probe" >log.probe 2>&1 </dev/null || fail "iasl $probe" log.probe
    # What was disassembled compiles again.
    timeout 60 iasl -p again SSDT0.dsl >log.again 2>&1 </dev/null || fail "iasl SSDT0.dsl, $slots slots" log.again
    run log.load DSDT0.aml SSDT?.aml probe.aml <<'COMMANDS'
evaluate \_SB.PCI0._CRS
evaluate \_SB.PCI0.ISA.KBD._STA
evaluate \_S5
execute \ROUT 0
execute \ROUT 4
execute \ROUT 13
execute \ROUT 127
execute \LINK
namespace
COMMANDS
    order log.load '= 000000000000FFFF' 'LNKD' '= 000000000001FFFF' 'LNKS' '= 000000000003FFFF' '= 0000000000000001' 'LNKD' \
        '= 00000000001FFFFF' '= 0000000000000003' 'LNKB' '\LINK returned' '= 000000000000000B' '= 000000000000000B' '= 0000000000000009'
    # Processors: nothing is there in the simulated registers; the last one's _MAT says that it would be enabled. The scan
    # finds the first one asked back, tells of it and acknowledges.
    cpu=$([ "$slots" = 0 ] && echo C000 || echo C007)
    run log.cpus DSDT0.aml SSDT?.aml probe.aml <<COMMANDS
evaluate \\_SB.CPUS.$cpu._STA
evaluate \\_SB.CPUS.$cpu._MAT
execute \\CPUF 4
execute \\_GPE._E02
execute \\CPUR
execute \\CPUF 3
evaluate \\_SB.CPUS.$cpu._STA
execute \\_SB.CPUS.$cpu._OST 3 0x84 (00)
execute \\CPUR
COMMANDS
    order log.cpus '_STA returned' '= 0000000000000000' '_MAT returned' '\CPUR returned' '= 0000000000000004' '_STA returned' \
        '= 000000000000000F' '\CPUR returned' '= 0000000000000002' '= 0000000000000084'
    grep -F 'Value 0x03 (Eject Request)' log.cpus | grep -qF '[C000]' || fail 'the scan told nothing' log.cpus
    run log.pci DSDT0.aml SSDT?.aml probe.aml <<'COMMANDS'
evaluate \_SB.PCI0.SF8._SUN
execute \PSET 0x80000004 0x10
execute \_GPE._E01
execute \_SB.PCI0.S18._EJ0 1
execute \PGET
COMMANDS
    order log.pci '_SUN returned' '= 000000000000001F' '_EJ0' '\PGET returned' '= 0000000000000008'
    for notice in 'S10_.*(Device Check)' 'SF8_.*(Device Check)' 'S20_.*(Eject Request)'; do
        [ "$(grep -c "on \[$notice" log.pci)" = 1 ] || fail "not once $notice" log.pci
    done
    [ "$slots" = 0 ] && continue
    last=$(printf 'MP%02X' $((slots - 1)))
    run log.slots DSDT0.aml SSDT?.aml probe.aml <<COMMANDS
evaluate \\_SB.MHPC.$last._STA
execute \\DIMM 1
evaluate \\_SB.MHPC.$last._STA
evaluate \\_SB.MHPC.$last._CRS
evaluate \\_SB.MHPC.$last._PXM
execute \\DIMM 3
execute \\_GPE._E03
execute \\REGS
execute \\DIMM 4
execute \\_GPE._E03
execute \\REGS
execute \\_SB.MHPC.$last._OST 3 0x84 (00)
execute \\REGS
execute \\_SB.MHPC.$last._EJ0 1
execute \\REGS
COMMANDS
    # Base and length in the descriptor, flags acknowledged, _OST's values, the eject bit.
    selector=$(printf '= %016X' $((slots - 1)))
    order log.slots '= 0000000000000000' '_STA returned' '= 000000000000000F' "0010: 00 00 04 00 00 00" '20 00 00 00 00 79 00' \
        '_PXM returned' '= 0000000000000003' '\REGS returned' "$selector" \
        '= 0000000000000002' '\REGS returned' '= 0000000000000004' '_OST' \
        "$selector" '= 0000000000000003' '= 0000000000000084' '_EJ0' '\REGS returned' "$selector" '= 0000000000000008'
    # Notifications come in their own time.
    for value in '0x01 (Device Check)' '0x03 (Eject Request)'; do
        [ "$(grep -F "Value $value" log.slots | grep -cE '\[MP..\]')" = "$slots" ] || fail "not $slots times $value" log.slots
        grep -F "Value $value" log.slots | grep -qF "[$last]" || fail "$last got no $value" log.slots
    done
done
echo OK
