# SPDX-License-Identifier: GPL-2.0-or-later
"""bios.py - SeaBIOS on either accelerator: its boot menu, a kernel chosen there, a reboot through it; recorded and replayed."""
import os
import pathlib
import struct
import subprocess
import tempfile

from emulator import ACCEL, DEADLINE_S, ON_KVM, REPLUG, Emulator, need_kvm, run_tests, skip

BIOS = pathlib.Path(os.environ.get('SEABIOS', '/usr/share/seabios/bios-256k.bin'))
LINUX = os.environ.get('LINUX_FOLDER')
HERE = pathlib.Path(__file__).parent

# The real-mode entry of a bzImage: prints a text of its own, the command line at 0x20000 and what was loaded at 1 MiB, by
# segment 0xffff, which needs A20; then ends the emulator by port 0x501, or restarts the machine by 0xcf9 when the command line
# begins with 'r' and no sign of a first start is in CMOS byte 0x7f.
CODE = bytes.fromhex(
    'bee002 e84700'           # mov si, text; call print
    '680020 1f 31f6 e83e00'   # ds = 0x2000; si = 0; call print
    '68ffff 1f be1000 e83400' # ds = 0xffff; si = 0x10; call print
    '680020 1f 803e000072'    # cmp byte [0x2000:0], 'r'
    '7519'                    # jne end
    'b07f e670 e471 3c55'     # CMOS 0x7f = 0x55?
    '740f'                    # je end
    'b07f e670 b055 e671'     # from now on
    'b006 baf90c ee f4'       # reset by 0xcf9
    'b010 ba0105 ee'          # end: isa-debug-exit
    'f4 ebfd')
PRINT = bytes.fromhex('ac 84c0 7406 baf803 ee ebf5 c3')


def kernel_image(folder):
    """A bzImage of protocol 2.12 (Linux, boot.rst) whose real-mode part is the code above."""
    setup = bytearray(1024)
    setup[0x1f1] = 1  # sectors behind the first
    struct.pack_into('<H', setup, 0x1fe, 0xaa55)
    struct.pack_into('<H', setup, 0x200, 0x7eeb)  # jmp 0x280
    struct.pack_into('<4sH', setup, 0x202, b'HdrS', 0x020c)
    setup[0x211] = 1  # LOADED_HIGH
    struct.pack_into('<I', setup, 0x214, 0x100000)
    struct.pack_into('<I', setup, 0x22c, 0x37ffffff)
    struct.pack_into('<I', setup, 0x230, 0x200000)  # kernel_alignment
    setup[0x234] = 1  # relocatable
    struct.pack_into('<I', setup, 0x238, 2047)  # command line
    struct.pack_into('<Q', setup, 0x258, 0x1000000)
    struct.pack_into('<I', setup, 0x260, 0x10000)  # init_size
    print_at = 0x280 + len(CODE)
    code = bytearray(CODE)
    for at in (3, 12, 22):
        struct.pack_into('<h', code, at + 1, print_at - (0x280 + at + 3))
    setup[0x280:0x280 + len(code)] = code
    setup[print_at:print_at + len(PRINT)] = PRINT
    assert print_at + len(PRINT) <= 0x2e0
    setup[0x2e0:0x2e0 + 24] = b'\r\ntiny: entered by "'.ljust(24, b'\0')
    path = pathlib.Path(folder) / 'tiny.bz'
    path.write_bytes(setup + b'", loaded\r\n'.ljust(0x1000, b'\0'))
    return path


def seabios(*arguments, memory='64M,slots=2,maxmem=1G', qmp=False):
    """qmp: for a session that lasts until its client has come."""
    return Emulator('-bios', BIOS, '-serial', 'stdio', '-device', 'isa-debug-exit', '-rtc', 'base=2026-01-31T12:00:00', *arguments,
                    memory=memory, qmp=qmp)


def replay(file):
    done = subprocess.run([REPLUG, '-replay', str(file)], capture_output=True, text=True, timeout=DEADLINE_S * 4,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and 'equal' in done.stdout, done
    print(done.stdout.strip(), f'{pathlib.Path(file).stat().st_size} bytes')


def test_boot_menu_and_kernel():
    """The menu by a key on the serial console, the kernel out of it; the whole again from the recording."""
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/s.rpl'
        with seabios('-boot', 'menu=on', '-kernel', kernel_image(folder), '-append', 'some words', '-record', file) as vm:
            vm.line('SeaBIOS (version')
            vm.line('Press ESC for boot menu')
            vm.type('\x1b')
            vm.line('Select boot device:')
            assert '1. Linux kernel' in vm.line('Linux kernel')
            vm.type('1')
            vm.line('Booting from ROM')
            assert vm.line('tiny:') == 'tiny: entered by "some words", loaded'
            assert vm.wait() == 33, vm.stderr()
        replay(file)


def test_reboot_runs_the_firmware_again():
    """Shadow RAM is closed by the reset: the firmware starts from its ROM, not from what it left in RAM."""
    with tempfile.TemporaryDirectory() as folder:
        with seabios('-kernel', kernel_image(folder), '-append', 'r', '-record', f'{folder}/s.rpl') as vm:
            for _ in range(2):
                vm.line('SeaBIOS (version')
                vm.line('tiny: entered by "r"')
            assert vm.wait() == 33, vm.stderr()
        replay(f'{folder}/s.rpl')


def test_nothing_to_boot():
    with seabios('-device', 'isa-debugcon,iobase=0x402,chardev=log', '-chardev', 'null,id=log', qmp=True) as vm:
        vm.line('No bootable device')
        text = vm.qmp.hmp('info mtree -f')
        assert 'pc.bios' in text and 'pc.ram' in text, text
        vm.quit()


def test_refused():
    with tempfile.TemporaryDirectory() as folder:
        odd = pathlib.Path(folder) / 'odd'
        odd.write_bytes(bytes(1000))
        for arguments, text in (
                (['-bios', odd], 'a firmware image of 0x3e8 bytes'),
                (['-bios', f'{folder}/nowhere'], '-bios: '),
                (['-bios', BIOS, '-kernel', os.environ['GUEST']], 'with -bios only a Linux bzImage can be booted')):
            done = subprocess.run([REPLUG, '-accel', ACCEL, '-m', '64M', '-display', 'none', *map(str, arguments)],
                                  capture_output=True, text=True, timeout=DEADLINE_S, stdin=subprocess.DEVNULL)
            assert done.returncode == 1 and text in done.stderr, done


def test_linux():
    """Debian's kernel by way of the firmware: its memory map and ACPI tables, a DIMM, and the power button's register."""
    if ACCEL != 'soft' or not LINUX:
        return
    subprocess.run([HERE / '../support/linux_guest.sh', LINUX], check=True)
    with tempfile.TemporaryDirectory() as folder:
        with seabios('-kernel', f'{LINUX}/vmlinuz', '-initrd', f'{LINUX}/initrd.gz', '-append', 'console=ttyS0 panic=-1', '-no-reboot',
                     '-record', f'{folder}/s.rpl', memory='256M,slots=2,maxmem=1G',
                     qmp=True) as vm:
            vm.line('BIOS-e820: [mem 0x00000000000f0000-0x00000000000fffff] reserved')
            vm.line('ACPI: RSDP 0x00000000000F')
            vm.line('guest: up')
            vm.qmp.plug(0, size=128 << 20)
            vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'dimm0', 'slot': '0', 'slot-type': 'DIMM', 'source': 1, 'status': 0})
            vm.type('echo "bad lines: $(dmesg | grep -cE "WARNING|BUG|Oops")"\n')
            assert vm.line('bad lines: 0')
            vm.type('poweroff -f\n')
            vm.line('reboot: Power down')
            assert vm.wait() == 0, vm.stderr()
        replay(f'{folder}/s.rpl')


if __name__ == '__main__':
    if not BIOS.exists():
        skip(f'{BIOS} is missing: package seabios')
    if ON_KVM:
        need_kvm()
    run_tests(globals())
