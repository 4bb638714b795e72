# SPDX-License-Identifier: GPL-2.0-or-later
"""numa.py - NUMA nodes as Linux sees them: memory, processors and DIMMs in the nodes that the options name, and how far these are apart."""
import tempfile

from emulator import MIB, run_tests
from linux import linux, need_linux, run_in


def test_numa():
    """Two nodes with memory, processors and DIMMs, one plugged from the start, on backends of all three types.
    Two distances between them: the way back is longer."""
    with tempfile.NamedTemporaryFile() as file:
        with linux('-m', '256M,slots=4,maxmem=2G', '-smp', '2,maxcpus=4', '-object', 'memory-backend-ram,id=n0,size=128M',
                   '-object', 'memory-backend-memfd,id=n1,size=128M', '-numa', 'node,nodeid=1,memdev=n1,cpus=1-2',
                   '-numa', 'node,nodeid=0,memdev=n0,cpus=0', '-numa', 'cpu,node-id=0,core-id=3', '-numa', 'dist,src=0,dst=1,val=17', '-numa', 'dist,src=1,dst=0,val=23',
                   '-object', f'memory-backend-file,id=early,size=128M,mem-path={file.name}',
                   '-device', 'pc-dimm,id=boot,memdev=early,node=1') as vm:
            vm.line('guest: up')
            vm.qmp.plug(0, size=128 * MIB, node=0)
            vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'dimm0', 'slot': '1', 'slot-type': 'DIMM', 'source': 1, 'status': 0})
            for core in (2, 3):
                vm.qmp.command('device_add', driver='qemu64-x86_64-cpu', id=f'cpu{core}', socket_id=0, core_id=core, thread_id=0)
                vm.qmp.event('ACPI_DEVICE_OST', info={'device': f'cpu{core}', 'slot': str(core), 'slot-type': 'CPU', 'source': 1, 'status': 0})
            run_in(vm, 'for c in 2 3; do echo 1 > /sys/devices/system/cpu/cpu$c/online; done; cd /sys/devices/system/node; '
                       'echo cpus $(cat node0/cpulist) and $(cat node1/cpulist)', 'cpus 0,3 and 1-2')
            run_in(vm, 'echo distances $(cat node0/distance) and $(cat node1/distance)', 'distances 10 17 and 23 10')
            # Blocks of 128 MiB: 1 is node 1's RAM, 32 begins at 4 GiB with the first DIMM.
            run_in(vm, 'echo $(cd node0; ls -d memory*[0-9]) and $(cd node1; ls -d memory*[0-9])', 'memory0 memory33 and memory1 memory32')
            assert [(d['data']['id'], d['data']['node'], d['data']['hotplugged']) for d in vm.qmp.command('query-memory-devices')] == [
                ('boot', 1, False), ('dimm0', 0, True)]
            assert [cpu['props']['node-id'] for cpu in vm.qmp.command('query-cpus-fast')] == [0, 1, 1, 0]
            vm.qmp.command('device_del', id='boot')
            vm.qmp.event('DEVICE_DELETED', device='boot')
            vm.expect('memory-plug', device='dimm0')
            vm.expect('memory-unplug', device='boot')
            vm.expect('cpu-plug', 'ost')
            vm.quit()


if __name__ == '__main__':
    need_linux()
    run_tests(dict(globals()))
