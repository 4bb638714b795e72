# SPDX-License-Identifier: GPL-2.0-or-later
"""report_page.py - the report of a real session: one small page that loads nothing, and that Chromium draws, at a desk's and at a phone's width.

SCREENSHOTS=FOLDER keeps the pictures to be looked at. TRACE=FILE makes the report of another trace.
"""
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from emulator import GUEST, Emulator, QmpError, run_tests, tracedump

BROWSER = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
BYTES_MAX = 2 << 20


def session(trace):
    """A plug, a refused one and an unplug, on our own CPUs: needs no KVM."""
    with Emulator('-smp', 2, '-trace', f'*,file={trace}', accel='soft', guest=GUEST, append='slots=4 smp') as vm:
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(0)
        vm.line('slot 0: online, memory tested')
        try:
            vm.qmp.command('device_add', driver='pc-dimm', id='dimm0', memdev='ram0')
        except QmpError:
            pass
        vm.qmp.command('device_del', id='dimm0')
        vm.qmp.event('DEVICE_DELETED', device='dimm0')
        vm.line('slot 0: ejected')
        vm.quit()


def page(folder):
    trace, report = os.environ.get('TRACE') or f'{folder}/out.rpt', pathlib.Path(folder, 'report.html')
    if 'TRACE' not in os.environ:
        session(trace)
    tracedump('report', '-o', report, trace)
    return report


def chromium(folder, *arguments):
    command = [BROWSER, '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', f'--user-data-dir={folder}/profile',
               '--allow-file-access-from-files', *arguments]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.decode()


def test_page_is_one_small_file():
    with tempfile.TemporaryDirectory() as folder:
        report = page(folder)
        text = report.read_text()
        assert report.stat().st_size < BYTES_MAX, report.stat().st_size
        assert not re.search(r'(?:src|href)\s*=\s*["\'](?!#)|@import|fetch\(|XMLHttpRequest|url\(', text), 'it loads something'
        assert text.count('<script') == 2 and text.count('</script>') == 2


def test_browser_draws_it():
    if not BROWSER:
        print('no Chromium here: not drawn')
        return
    with tempfile.TemporaryDirectory() as folder:
        report = page(folder)
        rows = [line.split()[:3] for line in tracedump('hotplug', os.environ.get('TRACE') or f'{folder}/out.rpt').splitlines()[1:]]
        dom = chromium(folder, '--virtual-time-budget=4000', '--dump-dom', report.as_uri())
        ready = re.search(r'data-ready="(\d+)"', dom)
        assert ready, 'the page did not come to its end'
        print('drawn in', ready[1], 'ms,', report.stat().st_size, 'bytes')
        assert int(ready[1]) < 1000 * float(os.environ.get('TEST_SLOWNESS', '3')), ready[1]
        names = re.findall(r'<span class="name">(?:un)?plug ([^<]*)</span>', dom)
        assert sorted(names) == sorted(row[0] for row in rows[:60]), (names, rows)
        if 'TRACE' not in os.environ:
            assert dom.count('badge no') == 1 and 'Duplicate' in dom, 'the refused plug is not shown'
            assert re.search(r'<rect [^>]*class="ram came"', dom), 'the map does not show what came'
            assert '<td>kvm_set_irq' in dom or '<td>qemu_set_irq' in dom, 'no interrupt hops'
        frame = pathlib.Path(folder, 'phone.html')
        frame.write_text(f'<body style="margin:0"><iframe src="{report.name}" style="width:390px;height:2400px;border:0"></iframe>')
        for name, uri, size in (('desktop', report.as_uri(), '1280,2400'), ('phone', frame.as_uri(), '500,2400')):
            picture = pathlib.Path(os.environ.get('SCREENSHOTS', folder), f'report-{name}.png')
            chromium(folder, '--virtual-time-budget=3000', f'--screenshot={picture}', f'--window-size={size}', uri)
            assert picture.stat().st_size > 30000, f'{name}: an empty picture'


# What a reader does: the keys go to the document as the browser sends them, what the page shows after each is noted in the element. (Headless
# Chromium that dumps a document makes no frames once it is loaded; timers it has.)
READER = """<script>requestAnimationFrame = drawn => setTimeout(drawn, 0); addEventListener('load', () => setTimeout(async () => {
  const seen = {}, search = document.getElementById('search'), hits = document.getElementById('hits');
  const press = key => (document.activeElement || document).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const type = text => { search.value = text; search.dispatchEvent(new Event('input')); };
  const note = async name => {
    await new Promise(drawn => setTimeout(drawn, 20));
    seen[name] = { picture: document.getElementById('lanes').toDataURL(), hits: hits.textContent, focus: document.activeElement.id,
      selected: document.querySelectorAll('#results li.on').length };
  };
  for (const [key, name] of [['0', 'all'], ['+', 'in'], ['ArrowRight', 'right'], ['-', 'out'], ['0', 'again'], ['/', 'slash']]) {
    press(key); await note(name);
  }
  type('qemu_set_irq'); await note('found');
  search.blur();
  for (const [key, name] of [['n', 'next'], ['n', 'second'], ['p', 'previous'], ['Escape', 'escaped']]) {
    press(key); await note(name);
  }
  type('no such word'); await note('nothing');
  document.documentElement.dataset.seen = JSON.stringify(seen);
}, 500));</script>"""


def test_search_zoom_and_keys():
    if not BROWSER:
        print('no Chromium here: not tried')
        return
    with tempfile.TemporaryDirectory() as folder:
        report = page(folder)
        report.write_text(report.read_text() + READER)
        dom = chromium(folder, '--virtual-time-budget=6000', '--dump-dom', report.as_uri())
        seen = json.loads(html.unescape(re.search(r'data-seen="([^"]*)"', dom)[1]))
        picture = {step: shown['picture'] for step, shown in seen.items()}
        assert len({picture[step] for step in ('all', 'in', 'right', 'out')}) == 4, 'a key that zooms or moves draws nothing new'
        assert picture['again'] == picture['all'] and picture['found'] != picture['slash'], 'not all again, or no match is marked'
        assert seen['slash']['focus'] == 'search'
        count = int(re.fullmatch(r'(\d+) events?', seen['found']['hits'])[1])
        assert count >= 2, count
        assert [seen[step]['hits'] for step in ('next', 'second', 'previous')] == [f'{n} of {count}' for n in (1, 2, 1)]
        assert seen['next']['selected'] == 1 and seen['escaped']['hits'] == '' and seen['nothing']['hits'] == '0 events'


if __name__ == '__main__':
    run_tests(dict(globals()))
