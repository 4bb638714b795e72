# SPDX-License-Identifier: GPL-2.0-or-later
"""pci_hotplug.py - virtio functions plugged into a running Linux and taken away again, recorded and replayed to the same bits.

The same sessions run on QEMU (REPLUG=qemu-system-x86_64), which has neither recordings nor our traces.
"""
import contextlib
import functools
import hashlib
import http.server
import pathlib
import random
import re
import socket
import subprocess
import tempfile
import threading

from emulator import DEADLINE_S, PEER, REPLUG, Emulator, run_tests, tracedump
from linux import FOLDER, need_linux, run_in
from recorded import same_trace

TRACED = ('acpi_*', 'piix4_*', 'hotplug_*', 'virtio_*', 'qmp_*', 'qdev_*', 'device_*', 'qemu_set_irq', 'gsi_*',
          'kvm_*', 'ioapic_*', 'pic_*')


def traces(file):
    return [word for pattern in TRACED for word in ('-trace', f'{pattern},file={file}')]


def linux(*arguments):
    return Emulator('-kernel', FOLDER / 'vmlinuz', '-initrd', FOLDER / 'initrd.gz', '-append', 'console=ttyS0 panic=-1 quiet', '-serial', 'stdio',
                    '-no-reboot', '-rtc', 'base=2026-01-31T12:00:00', *arguments, memory='256M', accel='soft')


def driver_name(name):
    """QEMU's other functions are transitional, which is another PCI ID."""
    return name + '-non-transitional' if PEER and name != 'virtio-rng-pci' else name


@functools.cache
def images_bytes():
    """The size of a recording with kernel and initrd alone."""
    with tempfile.TemporaryDirectory() as folder:
        with linux('-S', '-record', f'{folder}/images.rpl') as vm:
            vm.quit()
        return pathlib.Path(f'{folder}/images.rpl').stat().st_size


class Session:
    """A guest with its drivers loaded; recorded, and at its end replayed, the traces compared."""
    def __init__(self, console=False):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        record = () if PEER else ('-record', self.path / 's.rpl', *traces(self.path / 'a.rpt'))
        chardev = ('-chardev', f'socket,id=c0,path={self.path}/c0,server=on,wait=off') if console else ()
        self.vm = linux(*chardev, *record)

    def __enter__(self):
        self.vm.__enter__()
        self.vm.line('guest: up')
        run_in(self.vm, '/modules/load', 'modules/load')
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.end()
        except BaseException as error:
            self.vm.__exit__(type(error), error, None)
            self.folder.cleanup()
            raise
        self.vm.__exit__(kind, value, trace)
        self.folder.cleanup()

    def end(self):
        self.vm.type('poweroff -f\n')
        self.vm.line('reboot: Power down')
        assert self.vm.wait() == 0, self.vm.stderr()
        if PEER:
            return
        done = subprocess.run([REPLUG, '-replay', str(self.path / 's.rpl'), *traces(self.path / 'b.rpt')], capture_output=True, text=True,
                              timeout=300, stdin=subprocess.DEVNULL)
        assert done.returncode == 0 and 'equal' in done.stdout, done
        same_trace(self.path / 'a.rpt', self.path / 'b.rpt')
        beside = (self.path / 's.rpl').stat().st_size - images_bytes()
        entered = self.entered_bytes()
        print(f'{beside} bytes beside kernel and initrd; {entered} bytes entered from images and networks')
        assert 0 < beside < 128 * 1024 + entered, (beside, entered)

    def entered_bytes(self):
        """What came from images and networks: it stands in the recording, compressed."""
        turns = tracedump('events', '--kind', 'block,packet', self.path / 's.rpl')
        return sum(int(count) for count in re.findall(r'(\d+) bytes?$', turns, re.MULTILINE))

    def unplug(self, name):
        self.vm.qmp.command('device_del', id=name)
        self.vm.qmp.event('DEVICE_DELETED', device=name)


def slots(vm):
    """The PCI functions that the guest has, the chipset's left out."""
    vm.type('echo "pci:" $(cd /sys/bus/pci/devices; ls -d 0000:00:0[2-9]* 0000:00:1*) ":end"\n')
    while True:
        line = vm.line('pci:')
        if 'echo' not in line:
            return line.split('pci:')[1].split(':end')[0].split()


def test_rng():
    with Session() as session:
        vm = session.vm
        assert slots(vm) == []
        vm.qmp.command('object-add', qom_type='rng-random', id='rng0', filename='/dev/urandom')
        vm.qmp.command('device_add', driver='virtio-rng-pci', id='r0', rng='rng0', addr='5')
        run_in(vm, 'until [ -e /sys/bus/virtio/devices/virtio0/driver ]; do sleep 0.1; done; cat /sys/class/misc/hw_random/rng_available', 'virtio_rng.0')
        assert slots(vm) == ['0000:00:05.0']
        run_in(vm, 'head -c 3000 /dev/hwrng | wc -c', '3000')
        session.unplug('r0')
        assert slots(vm) == []
        vm.qmp.command('object-del', id='rng0')
        # The slot can be had again, by a device that brings a seed of its own.
        vm.qmp.command('device_add', driver='virtio-rng-pci', id='r1', addr='5')
        run_in(vm, 'until [ -e /sys/bus/virtio/devices/virtio0/driver ]; do sleep 0.1; done; head -c 100 /dev/hwrng | wc -c', '100')
        for device in ('r0', 'r1'):
            vm.expect('pci-plug', device=device)
        vm.expect_in_order('piix4_device_plug_cb caused by qmp_device_add', 'acpi_pcihp_device_plug_cb', 'acpi_send_event', 'piix4_send_gpe',
                           'acpi_send_gpe_event', 'acpi_update_sci', 'acpi_pci_register_read(reg=PCIU)', 'acpi_pci_register_read(reg=PCID)',
                           'acpi_pcihp_eject_slot', 'acpi_pcihp_device_unplug_cb')
        session.end()
        session.end = lambda: None


BLOCK = 512


def block(number):
    """What the guest's printf writes into a block."""
    return f'{number:0{BLOCK}d}'.encode()


def plug_image(vm, path):
    vm.qmp.command('blockdev-add', driver='file', node_name='file0', filename=str(path))
    vm.qmp.command('blockdev-add', driver='raw', node_name='disk0', file='file0')
    vm.qmp.command('device_add', driver=driver_name('virtio-blk-pci'), id='d0', drive='disk0', addr='6', serial='s0')
    run_in(vm, 'until [ -b /dev/vda ]; do sleep 0.1; done; blockdev --getsize64 /dev/vda', str(path.stat().st_size))


def test_block():
    """An image is read and written, leaves, comes again; replayed without the image, and with what it had at first."""
    with Session() as session:
        vm, path = session.vm, session.path / 'disk.img'
        content = bytes((i * i >> 8) & 0xff for i in range(256 * 1024))
        path.write_bytes(content)
        plug_image(vm, path)
        run_in(vm, 'sha256sum < /dev/vda', hashlib.sha256(content).hexdigest())
        run_in(vm, f"printf '%0{BLOCK}d' 7 | dd of=/dev/vda bs={BLOCK} seek=7 conv=notrunc,fsync 2>/dev/null; echo $(cat /sys/block/vda/serial)", 's0')
        assert path.read_bytes() == content[:7 * BLOCK] + block(7) + content[8 * BLOCK:]
        refused = vm.qmp.execute('blockdev-del', {'node-name': 'disk0'})
        assert 'in use' in refused['error']['desc'], refused
        session.unplug('d0')
        run_in(vm, '[ ! -e /dev/vda ] && echo gone', 'gone')
        vm.qmp.command('blockdev-del', node_name='disk0')
        vm.qmp.command('blockdev-del', node_name='file0')
        plug_image(vm, path)
        path.unlink()  # from here on only the guest has it
        session.end()
        session.end = lambda: None


def test_console():
    """Bytes both ways between a character device and /dev/hvc0."""
    with Session(console=True) as session, socket.socket(socket.AF_UNIX) as outside:
        vm = session.vm
        vm.qmp.command('device_add', driver=driver_name('virtio-serial-pci'), id='s0', addr='7')
        vm.qmp.command('device_add', driver='virtconsole', id='con0', bus='s0.0', chardev='c0')
        outside.connect(str(session.path / 'c0'))
        outside.settimeout(DEADLINE_S)
        run_in(vm, 'until [ -c /dev/hvc0 ]; do sleep 0.1; done; exec 4<>/dev/hvc0; stty raw -echo <&4; echo ready', 'ready')
        vm.type('echo from the guest >&4\n')
        data = b''
        while b'from the guest' not in data:
            data += outside.recv(100)
        vm.type('head -n 1 <&4; exec 4>&-\n')
        outside.sendall(b'from outside\n')
        vm.line('from outside')
        session.unplug('s0')
        assert slots(vm) == []


def test_unplug_while_writing():
    """What the guest was told to be written is in the image, whenever the disk is taken away."""
    with Session() as session:
        vm, path = session.vm, session.path / 'disk.img'
        path.write_bytes(bytes(4096 * BLOCK))
        plug_image(vm, path)
        vm.type(f"exec 3<>/dev/vda; i=0; while printf '%0{BLOCK}d' $i | dd of=/proc/self/fd/3 bs={BLOCK} seek=$i conv=notrunc,fsync 2>/dev/null; "
                'do echo "wrote $i"; i=$((i + 1)); done; echo "stopped" $i; exec 3>&-\n')
        vm.line('wrote 5')
        session.unplug('d0')
        while True:
            line = vm.line('stopped')
            if 'echo' not in line:
                count = int(line.split()[1])
                break
        data = path.read_bytes()
        assert count > 5
        for number in range(count):
            assert data[number * BLOCK:(number + 1) * BLOCK] == block(number), (number, count)
        assert slots(vm) == []


# Numbers that nothing makes smaller: what of them came by a network stands in the recording as it is.
DATA = random.Random(5).randbytes(100_000)
DHCP = r"""printf '#!/bin/sh\n[ "$1" != bound ] || { ifconfig $interface $ip netmask $subnet; route add default gw $router; }\n' >/dhcp; """ \
    'chmod +x /dhcp; ip link set eth0 up; udhcpc -q -n -i eth0 -s /dhcp >/dev/null 2>&1; ip -4 addr show eth0'


class Pages(http.server.BaseHTTPRequestHandler):
    """/data: DATA. /part: the same and no end: the other side waits for more."""
    over = threading.Event()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(DATA)
        if self.path == '/part':
            self.over.wait()

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def server():
    """On the host's loopback, which the guest finds at 10.0.2.2; its port."""
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Pages) as pages:
        pages.daemon_threads = True
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        try:
            yield pages.server_address[1]
        finally:
            Pages.over.set()
            pages.shutdown()


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def plug_network(vm, *forwards, addr='8'):
    vm.qmp.command('netdev_add', type='user', id='net0', hostfwd=[{'str': rule} for rule in forwards])
    vm.qmp.command('device_add', driver=driver_name('virtio-net-pci'), id='n0', netdev='net0', mac='52:54:00:aa:bb:cc', addr=addr)
    run_in(vm, 'until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done; cat /sys/class/net/eth0/address', '52:54:00:aa:bb:cc')
    run_in(vm, DHCP, '10.0.2.15/24')


def test_network():
    """Linux gets an address, fetches from the host, is reached from the host, loses and regains its link, leaves; twice."""
    with server() as port, Session() as session:
        vm, entrance = session.vm, free_port()
        plug_network(vm, f'tcp:127.0.0.1:{entrance}-:7')
        run_in(vm, f'wget -qO /data http://10.0.2.2:{port}/data; sha256sum </data', hashlib.sha256(DATA).hexdigest())
        vm.type('nc -l -p 7 </data & until netstat -ltn | grep -q ":7 "; do sleep 0.1; done; echo "listening" "now"\n')
        vm.line('listening now')
        with socket.create_connection(('127.0.0.1', entrance), DEADLINE_S) as connection:
            connection.settimeout(DEADLINE_S)
            got = b''
            while len(got) < len(DATA):
                got += connection.recv(1 << 16)
        assert got == DATA
        vm.qmp.command('set_link', name='n0', up=False)
        run_in(vm, 'while [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do sleep 0.1; done; echo unplugged cable', 'unplugged cable')
        vm.qmp.command('set_link', name='n0', up=True)
        run_in(vm, 'until [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do sleep 0.1; done; echo plugged cable', 'plugged cable')
        session.unplug('n0')
        assert slots(vm) == []
        run_in(vm, '[ ! -e /sys/class/net/eth0 ] && echo gone', 'gone')
        vm.qmp.command('netdev_del', id='net0')
        plug_network(vm)
        run_in(vm, f'wget -qO- http://10.0.2.2:{port}/data | sha256sum', hashlib.sha256(DATA).hexdigest())
        session.end()
        session.end = lambda: None
        if not PEER:
            text = tracedump('show', session.path / 'a.rpt')
            assert 'virtio_net_received' in text and 'virtio_net_link' in text, text[-2000:]


def test_unplug_while_receiving():
    """A network card is taken away in the middle of a transfer: what the guest has of it is what was sent."""
    with server() as port, Session() as session:
        vm = session.vm
        plug_network(vm)
        vm.type(f'wget -qO /part http://10.0.2.2:{port}/part & until [ -s /part ]; do sleep 0.1; done; echo "is" "running"\n')
        vm.line('is running')
        session.unplug('n0')
        assert slots(vm) == []
        run_in(vm, '[ ! -e /sys/class/net/eth0 ] && kill $! && wait; echo gone', 'gone')
        count = int(run_in(vm, 'echo "bytes:" $(wc -c </part)', 'bytes: ').split()[-1])
        assert count > 0
        sent = (DATA * (count // len(DATA) + 1))[:count]
        run_in(vm, 'sha256sum </part', hashlib.sha256(sent).hexdigest())


if __name__ == '__main__':
    need_linux()
    run_tests(dict(globals()))
