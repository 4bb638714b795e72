/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.js - draws a report from its data; nothing is loaded, nothing is sent.
 *
 * data.events: [shape, then relative to the event before: sequence, turn, virtual ns, host ns, instructions; vCPU; how many events ago
 * the span began (a leave's own, else the one around; 0 = none); values]. data.shapes: [name, phase, field, type, field, type, ...].
 */
'use strict';
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const INSTANT = 0, ENTER = 1, LEAVE = 2;
const HEX = [7, 8, 9, 10], BOOL = 6;

/* ---- events ---- */
const events = [];
const bySequence = new Map();
const zero = { seq: 0, turn: 0, now: 0, host: 0, icount: 0 };
function decode(row, before, index) {
  const shape = data.shapes[row[0]];
  const event = { index, name: shape[0], phase: shape[1], seq: before.seq + row[1], turn: before.turn + row[2], now: before.now + row[3],
    host: before.host + row[4], icount: before.icount + row[5], vcpu: row[6], fields: [] };
  event.around = row[7] === 0 ? 0 : event.seq - row[7];
  for (let i = 8; i < row.length; i++) event.fields.push([shape[2 * (i - 7)], row[i], shape[2 * (i - 7) + 1]]);
  return event;
}
let before = zero;
data.events.forEach((row, i) => { before = decode(row, before, i); events.push(before); });
const first = events[0] || zero, last = events[events.length - 1] || zero;
function connect(event) {
  if (event.phase === LEAVE) {
    const enter = bySequence.get(event.around);
    if (enter) { enter.leave = event; event.enter = enter; }
    return;
  }
  event.parent = bySequence.get(event.around) || null;
  event.depth = event.parent ? event.parent.depth + 1 : 0;
  if (event.phase === ENTER) bySequence.set(event.seq, event);
}
events.forEach(connect);
const shown = events.filter(e => e.phase !== LEAVE);
shown.forEach((e, i) => { e.order = i; });

/* ---- words ---- */
function valueText([, value, type]) {
  if (type === BOOL) return value ? 'true' : 'false';
  if (HEX.includes(type)) return '0x' + BigInt(value).toString(16);
  return type === 11 ? JSON.stringify(value) : String(value);
}
const fieldsText = e => e.fields.map(f => f[0] + '=' + valueText(f)).join(' ');
const field = (e, name) => { const f = e.fields.find(x => x[0] === name); return f ? f[1] : undefined; };
function duration(ns) {
  const sign = ns < 0 ? '-' : '';
  ns = Math.abs(ns);
  for (const [unit, size] of [['s', 1e9], ['ms', 1e6], ['\u00b5s', 1e3]]) {
    if (ns >= size) { const v = ns / size; return sign + (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2)) + ' ' + unit; }
  }
  return sign + Math.round(ns) + ' ns';
}
function count(n) { return n >= 1e7 ? (n / 1e6).toFixed(0) + ' M' : n >= 1e5 ? (n / 1e3).toFixed(0) + ' k' : String(n).replace(/\B(?=(\d{3})+$)/g, '\u2009'); }
function sizeText(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let unit = 0;
  while (unit < 6 && bytes !== 0n && bytes % 1024n === 0n) { bytes /= 1024n; unit++; }
  return bytes + ' ' + units[unit];
}
function make(tag, classes, text) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
}
const FAMILIES = [['qmp', 'monitor', /^(qmp|hmp|external|run_state)/], ['irq', 'interrupts', /irq|apic|gsi|pic_|sci$/], ['acpi', 'ACPI', /^(acpi|piix4|cpuhp)/],
  ['kvm', 'KVM', /^kvm|^vcpu/], ['memory', 'memory', /memory|flat|address_space|ram_block|render/], ['object', 'devices', /object|property|device|dimm|hotplug|qdev|bus_|pc_|pci|virtio|cpu/],
  ['other', 'other', /./]];
const familyOf = new Map();
function family(name) {
  if (!familyOf.has(name)) familyOf.set(name, FAMILIES.find(f => f[2].test(name))[0]);
  return familyOf.get(name);
}
let colors = {};
function readColors() {
  const style = getComputedStyle(document.documentElement);
  colors = {};
  for (const name of ['qmp', 'irq', 'acpi', 'kvm', 'memory', 'object', 'other', 'text', 'soft', 'line', 'accent', 'bad', 'card', 'bg']) colors[name] = style.getPropertyValue('--' + name).trim();
}

/* ---- axes ---- */
const AXES = { host: ['host time', duration], now: ['virtual time', duration], icount: ['instructions', count], order: ['order of events', count] };
let axis = last.host > first.host ? 'host' : last.now > first.now ? 'now' : 'order';
function at(e) { return axis === 'order' ? (e.phase === LEAVE ? e.enter ? endOrder(e.enter) : 0 : e.order) : e[axis] - first[axis]; }
function endOrder(enter) { return enter.lastInside === undefined ? enter.order + 1 : enter.lastInside; }
for (let i = shown.length - 1; i >= 0; i--) {
  const e = shown[i];
  if (e.lastInside === undefined) e.lastInside = e.order + 1;
  for (let p = e.parent; p && p.lastInside === undefined; p = p.parent) p.lastInside = e.lastInside;
}
const endOf = e => e.phase === INSTANT ? at(e) : e.leave ? at(e.leave) : axis === 'order' ? endOrder(e) : at(e);
function extent() {
  const end = axis === 'order' ? shown.length : last[axis] - first[axis];
  return Math.max(end, 1);
}
let view = { from: 0, to: 1 };
function clampView() {
  const all = extent(), width = Math.min(Math.max(view.to - view.from, axis === 'order' ? 4 : 50), all * 1.04);
  view.from = Math.min(Math.max(view.from, -all * 0.02), all * 1.02 - width);
  view.to = view.from + width;
}
function setView(from, to) { view = { from, to }; clampView(); draw(); }
function fit() { setView(-extent() * 0.01, extent() * 1.01); }
function zoom(factor, center) {
  const c = center === undefined ? (view.from + view.to) / 2 : center;
  setView(c - (c - view.from) * factor, c + (view.to - c) * factor);
}
function zoomTo(from, to) { const pad = Math.max((to - from) * 0.06, axis === 'order' ? 2 : 40); setView(from - pad, to + pad); }

/* ---- timeline ---- */
const lanes = [...new Set(shown.map(e => e.vcpu))].sort((a, b) => a - b).map(vcpu => ({ vcpu, list: shown.filter(e => e.vcpu === vcpu) }));
const ROW = 18, HEAD = 22, GAP = 8, INSTANT_ROW = 12;
let top_ = 24;
for (const lane of lanes) {
  lane.rows = Math.min(1 + lane.list.reduce((m, e) => e.phase === ENTER ? Math.max(m, e.depth) : m, 0), 26);
  lane.top = top_;
  top_ += HEAD + lane.rows * ROW + INSTANT_ROW + GAP;
}
const lanesHeight = Math.max(top_, 80);
let selected = null, matches = new Set(), frames = 0;
function prepare(canvas, height) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth || 300;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); canvas.style.height = height + 'px';
  }
  const paper = canvas.getContext('2d');
  paper.setTransform(ratio, 0, 0, ratio, 0, 0);
  paper.clearRect(0, 0, width, height);
  paper.font = '11px system-ui, sans-serif';
  paper.textBaseline = 'middle';
  return [paper, width];
}
const toX = (value, width) => (value - view.from) / (view.to - view.from) * width;
function ticks(paper, width, height) {
  const raw = (view.to - view.from) / Math.max(width / 110, 1), power = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  const step = [1, 2, 5, 10].map(k => k * power).find(s => s >= raw) || power * 10;
  paper.strokeStyle = colors.line; paper.fillStyle = colors.soft; paper.lineWidth = 1;
  for (let v = Math.ceil(Math.max(view.from, 0) / step) * step; v <= view.to; v += step) {
    const x = Math.round(toX(v, width)) + 0.5;
    paper.beginPath(); paper.moveTo(x, 18); paper.lineTo(x, height); paper.stroke();
    paper.fillText(AXES[axis][1](v), x + 3, 9);
  }
}
function visible(list) {
  /* The list is by time: what ends before the view is rare enough to be looked at. */
  let low = 0, high = list.length;
  while (low < high) { const mid = (low + high) >> 1; if (at(list[mid]) <= view.to) low = mid + 1; else high = mid; }
  return low;
}
function drawSpan(paper, lane, e, x, w, dim) {
  const y = lane.top + HEAD + Math.min(e.depth, lane.rows - 1) * ROW;
  paper.globalAlpha = dim ? 0.22 : 1;
  paper.fillStyle = colors[family(e.name)];
  paper.fillRect(x, y, w, ROW - 2);
  if (w > 34) {
    paper.fillStyle = '#fff';
    paper.save(); paper.beginPath(); paper.rect(x, y, w - 3, ROW); paper.clip();
    paper.fillText(e.name, Math.max(x, 0) + 4, y + ROW / 2 - 0.5); paper.restore();
  }
  if (e.failed) { paper.fillStyle = colors.bad; paper.fillRect(x, y + ROW - 4, w, 2); }
  if (e === selected) { paper.globalAlpha = 1; paper.strokeStyle = colors.text; paper.lineWidth = 2; paper.strokeRect(x, y, w, ROW - 2); }
}
function drawLane(paper, width, lane) {
  const rows = new Float64Array(lane.rows + 1).fill(-1), end = visible(lane.list), floor = lane.top + HEAD + lane.rows * ROW + INSTANT_ROW / 2;
  paper.globalAlpha = 1; paper.fillStyle = colors.soft;
  paper.fillText(lane.vcpu < 0 ? 'machine' : 'vCPU ' + lane.vcpu, 6, lane.top + HEAD / 2);
  paper.strokeStyle = colors.line; paper.beginPath(); paper.moveTo(0, lane.top); paper.lineTo(width, lane.top); paper.stroke();
  for (let i = 0; i < end; i++) {
    const e = lane.list[i], stop = endOf(e);
    if (stop < view.from) continue;
    const dim = matches.size > 0 && !matches.has(e), x = toX(at(e), width);
    if (e.phase === ENTER) {
      const row = Math.min(e.depth, lane.rows - 1), right = toX(stop, width), w = Math.max(right - x, 1.5);
      if (x + w <= rows[row] + 0.7 && e !== selected && (dim || matches.size === 0)) continue;
      rows[row] = x + w;
      drawSpan(paper, lane, e, Math.max(x, -5), Math.min(w, width + 10), dim);
    } else {
      if (x < rows[lane.rows] + 1 && e !== selected && dim === (matches.size > 0)) continue;
      rows[lane.rows] = x;
      paper.globalAlpha = dim ? 0.2 : 1; paper.fillStyle = e.failed ? colors.bad : colors[family(e.name)];
      paper.beginPath(); paper.arc(x, floor, e === selected ? 5 : 3, 0, 7); paper.fill();
    }
  }
  paper.globalAlpha = 1;
}
function drawLanes() {
  const [paper, width] = prepare($('lanes'), lanesHeight);
  ticks(paper, width, lanesHeight);
  lanes.forEach(lane => drawLane(paper, width, lane));
  if (lanes.length === 0) { paper.fillStyle = colors.soft; paper.fillText('no event of this trace is told one by one', 10, 40); }
}
function drawOverview() {
  const [paper, width] = prepare($('overview'), 56), all = extent();
  const key = axis === 'order' ? 'seq' : axis, [begin, step, ...bins] = data.density[key];
  const top = Math.max(...bins, 1), scale = v => Math.log1p(v) / Math.log1p(top) * 34;
  paper.fillStyle = colors.accent; paper.globalAlpha = 0.4;
  if (axis !== 'order') bins.forEach((n, i) => {
    const x = (begin + i * step - first[axis]) / all * width;
    if (n > 0) paper.fillRect(x, 50 - scale(n), Math.max(step / all * width, 1), scale(n));
  });
  paper.globalAlpha = 1;
  for (const op of operations) {
    const x = (op.start || 0) / all * width;
    paper.fillStyle = op.good ? colors.acpi : op.bad ? colors.bad : colors.kvm;
    paper.fillRect(Math.min(x, width - 2), 4, 2, 46);
  }
  const x = view.from / all * width, w = (view.to - view.from) / all * width;
  paper.fillStyle = colors.accent; paper.globalAlpha = 0.14; paper.fillRect(x, 0, Math.max(w, 3), 56);
  paper.globalAlpha = 1; paper.strokeStyle = colors.accent; paper.strokeRect(x + 0.5, 0.5, Math.max(w, 3) - 1, 55);
}
function draw() { if (frames++ === 0) requestAnimationFrame(() => { frames = 0; placeOperations(); drawOverview(); drawLanes(); }); }
function hit(x, y) {
  const width = $('lanes').clientWidth, near = 4 * (view.to - view.from) / width, value = view.from + x / width * (view.to - view.from);
  const lane = lanes.find(l => y >= l.top && y < l.top + HEAD + l.rows * ROW + INSTANT_ROW + GAP);
  if (!lane) return null;
  const row = Math.floor((y - lane.top - HEAD) / ROW);
  let best = null, distance = Infinity;
  for (const e of lane.list) {
    const isRow = e.phase === ENTER ? Math.min(e.depth, lane.rows - 1) === row : row >= lane.rows;
    if (!isRow) continue;
    const d = value < at(e) ? at(e) - value : value > endOf(e) ? value - endOf(e) : 0;
    if (d < distance && d <= near) { best = e; distance = d; }
  }
  return best;
}

/* ---- one event in words ---- */
function timeText(e) { return AXES[axis === 'order' ? 'host' : axis][1](axis === 'order' ? e.host - first.host : at(e)); }
function row(table, name, value) { const tr = table.insertRow(); tr.insertCell().textContent = name; tr.insertCell().textContent = value; }
function select(e, reveal) {
  selected = e;
  const box = $('detail');
  box.replaceChildren();
  if (!e) { draw(); return; }
  const chain = [];
  for (let p = e.parent; p; p = p.parent) chain.unshift(p);
  box.append(make('strong', '', e.name));
  const path = make('div', 'path');
  chain.forEach(p => { const b = make('button', '', p.name); b.onclick = () => select(p, true); path.append(b, ' \u2192 '); });
  path.append(e.name);
  box.append(path);
  const table = make('table');
  row(table, 'turn', e.turn + (e.vcpu < 0 ? '' : ', vCPU ' + e.vcpu) + ', event ' + e.seq);
  row(table, 'when', duration(e.host - first.host) + ' host, ' + duration(e.now) + ' virtual' + (e.icount ? ', ' + count(e.icount) + ' instructions' : ''));
  if (e.leave) row(table, 'took', duration(e.leave.host - e.host) + ' host' + (e.leave.icount > e.icount ? ', ' + count(e.leave.icount - e.icount) + ' instructions' : ''));
  e.fields.forEach(f => row(table, f[0], valueText(f)));
  (e.leave ? e.leave.fields : []).forEach(f => row(table, '\u2190 ' + f[0], valueText(f)));
  box.append(table);
  if (reveal) { zoomTo(at(e), endOf(e)); }
  draw();
}
function line(list, e, mark) {
  const li = make('li', mark);
  li.append(make('span', 't', timeText(e)), make('span', 't', 'turn ' + e.turn), make('code', '', e.name + (e.fields.length ? ': ' + fieldsText(e) : '') + (e.leave && e.leave.fields.length ? ' \u2190 ' + fieldsText(e.leave) : '')));
  li.onclick = () => { select(e, true); $('timeline').scrollIntoView(); };
  list.append(li);
  return li;
}

/* ---- search ---- */
let found = [], foundAt = -1;
function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  found = words.length === 0 ? [] : shown.filter(e => {
    if (e.hay === undefined) e.hay = (e.name + ' ' + fieldsText(e) + (e.leave ? ' ' + fieldsText(e.leave) : '')).toLowerCase();
    return words.every(w => e.hay.includes(w));
  });
  matches = new Set(found); foundAt = -1;
  $('hits').textContent = words.length ? found.length + (found.length === 1 ? ' event' : ' events') : '';
  const list = $('results');
  list.replaceChildren();
  list.hidden = words.length === 0;
  found.slice(0, 300).forEach(e => line(list, e));
  if (words.length && found.length === 0) list.append(make('li', '', 'nothing found'));
  draw();
}
function nextHit(step) {
  if (found.length === 0) return;
  foundAt = (foundAt + step + found.length) % found.length;
  $('hits').textContent = (foundAt + 1) + ' of ' + found.length;
  const e = found[foundAt], width = view.to - view.from;
  select(e, false);
  if (at(e) < view.from || at(e) > view.to) setView(at(e) - width / 2, at(e) + width / 2);
  [...$('results').children].forEach((li, i) => li.classList.toggle('on', i === foundAt));
}

/* ---- operations ---- */
const operations = data.operations.map(op => ({ ...op, good: /^(online|done|gone|plugged|present|unplugged)/.test(op.result), bad: /^(refused|failed)/.test(op.result) }));
const STAGE_COLOR = { QMP: 'qmp', realize: 'object', pre_plug: 'object', plug: 'object', commit: 'memory', render: 'memory', ioctl: 'kvm', GPE: 'acpi', SCI: 'irq', read: 'acpi', OST: 'acpi', eject: 'acpi', deleted: 'object' };
function stageValue(stage) { return { host: stage[3] - first.host, now: stage[2] - first.now, icount: stage[4] - first.icount }; }
function placeOperations() {
  for (const op of operations) {
    const stages = op.stages;
    if (stages.length === 0) continue;
    const inOrder = s => shown.findIndex(e => axis === 'order' && e.host >= s[3]);
    op.start = axis === 'order' ? Math.max(inOrder(stages[0]), 0) : stageValue(stages[0])[axis];
    op.end = op.start;
    for (const s of stages) op.end = Math.max(op.end, axis === 'order' ? Math.max(inOrder(s), 0) : stageValue(s)[axis]);
  }
}
function showOperations() {
  const box = $('operation-list');
  if (operations.length === 0) { box.append(make('p', 'note', 'No device was plugged or unplugged.')); return; }
  operations.forEach((op, i) => {
    const card = make('button', 'op'), head = make('div', 'top'), bar = make('div', 'stages');
    head.append(make('span', 'name', (op.unplug ? 'unplug ' : 'plug ') + op.device), make('span', 'badge ' + (op.good ? 'ok' : op.bad ? 'no' : 'wait'), op.result), make('span', 't', op.driver));
    const start = op.stages[0];
    if (start) head.append(make('span', 'when', 'turn ' + start[1] + ', at ' + duration(start[3] - first.host)));
    op.stages.slice().sort((a, b) => a[3] - b[3]).forEach(s => {
      const cell = make('div', 'stage');
      cell.style.setProperty('--c', 'var(--' + (STAGE_COLOR[s[0]] || 'other') + ')');
      cell.append(make('b', '', s === start ? '0' : '+' + duration(s[3] - start[3])), s[0]);
      bar.append(cell);
    });
    card.append(head, bar);
    if (op.why) card.append(make('p', 'why', op.why));
    card.onclick = () => chooseOperation(i, true);
    op.card = card;
    if (i < 60) box.append(card);
  });
  if (operations.length > 60) box.append(make('p', 'note', 'and ' + (operations.length - 60) + ' more; [ and ] go through all of them'));
}
let chosen = -1;
function chooseOperation(i, jump) {
  chosen = (i + operations.length) % operations.length;
  const op = operations[chosen];
  operations.forEach(o => o.card.classList.toggle('on', o === op));
  placeOperations();
  /* The guest may take its time: first what the machine does at once. */
  const direct = op.stages.filter(s => s[1] === op.stages[0][1]);
  zoomTo(op.start, axis === 'order' || direct.length < 2 ? op.end : Math.max(...direct.map(s => stageValue(s)[axis])));
  const moment = moments.findIndex(m => op.stages.length && m.turn >= op.stages[0][1]);
  if (moment >= 0) { $('map-at').value = moment; showMap(); }
  if (jump) $('timeline').scrollIntoView();
}

/* ---- memory map ---- */
/* [sequence, added | removed | deleted | kept, address, size, region, space, kind] or [..., region, slot] */
const moments = [];
const turnAt = seq => { let low = 0, high = events.length; while (low < high) { const mid = (low + high) >> 1; if (events[mid].seq <= seq) low = mid + 1; else high = mid; } return low > 0 ? events[low - 1].turn : 0; };
for (const change of data.map) {
  const turn = turnAt(change[0]), now = moments[moments.length - 1];
  if (now && now.turn === turn) now.changes.push(change); else moments.push({ turn, changes: [change] });
}
const spaces = [...new Set(data.map.filter(c => c.length === 7).map(c => c[5]))];
function apply(state, change) {
  const first_ = BigInt('0x' + change[2]), size = BigInt('0x' + change[3]) || 1n << 64n;
  const list = change.length === 7 ? (state[change[5]] = state[change[5]] || []) : state.slots;
  const key = change.length === 7 ? first_ : BigInt(change[5]);
  const kept = list.filter(r => r.key !== key);
  if (change[1] === 'added' || change[1] === 'kept') kept.push({ key, first: first_, end: first_ + size, region: change[4], kind: change[6], slot: change[5] });
  kept.sort((a, b) => a.first < b.first ? -1 : a.first > b.first ? 1 : 0);
  if (change.length === 7) state[change[5]] = kept; else state.slots = kept;
}
function stateBehind(moment) {
  const state = { slots: [] };
  for (let i = 0; i <= moment; i++) moments[i].changes.forEach(c => apply(state, c));
  return state;
}
function heightOf(size, used) {
  if (!used) return 16;
  const bits = size.toString(2).length;
  return bits <= 12 ? 18 : bits <= 20 ? 24 : bits <= 28 ? 40 : bits <= 31 ? 56 : bits <= 35 ? 72 : 90;
}
function svg(tag, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  if (text !== undefined) element.textContent = text;
  return element;
}
const sameRange = (a, b) => a && b && a.first === b.first && a.end === b.end && a.region === b.region && a.kind === b.kind;
function pictureRows(columns) {
  const borders = new Set([0n]);
  columns.forEach(list => list.forEach(r => { borders.add(r.first); borders.add(r.end); }));
  const sorted = [...borders].sort((a, b) => a < b ? -1 : a > b ? 1 : 0), rows = [];
  sorted.forEach((b, i) => {
    if (i + 1 === sorted.length) return;
    rows.push({ first: b, end: sorted[i + 1], ranges: columns.map(list => list.find(r => r.first <= b && b < r.end) || null) });
  });
  return rows;
}
function showMap() {
  const index = Number($('map-at').value), box = $('map-picture'), space = $('space').value;
  box.replaceChildren();
  if (moments.length === 0) { $('map-note').textContent = 'The trace has no flat_range events: no map.'; return; }
  const states = [stateBehind(index - 1), stateBehind(index)], columns = states.map(s => s[space] || []), rows = pictureRows(columns);
  const plus = moments[index].changes.filter(c => c[1] === 'added').length, minus = moments[index].changes.filter(c => c[1] === 'removed' || c[1] === 'deleted').length;
  $('map-note').textContent = 'Change ' + (index + 1) + ' of ' + moments.length + ', in turn ' + moments[index].turn + ': ' + plus + ' came, ' + minus + ' went (ranges and memslots).' +
    (data.about.late ? ' The trace begins late: what was there before is not known.' : '');
  const left = 102, gap = 10, width = Math.max(Math.min(box.clientWidth - 4, 900), 320), column = (width - left - gap) / 2;
  const picture = svg('svg', { width, role: 'img', 'aria-label': 'memory map before and after' });
  ['before', 'after'].forEach((title, i) => picture.append(svg('text', { x: left + i * (column + gap) + 2, y: 14, class: 'soft' }, title)));
  let y = 22;
  rows.forEach(r => { r.y = y; r.height = heightOf(r.end - r.first, r.ranges[0] || r.ranges[1]); y += r.height; });
  rows.forEach(r => picture.append(svg('text', { x: 0, y: r.y + 13, class: 'soft' }, '0x' + r.first.toString(16))));
  [0, 1].forEach(i => drawColumn(picture, rows, states, i, left + i * (column + gap), column, space));
  if (rows.length === 0) picture.append(svg('text', { x: left, y: 40, class: 'soft' }, 'nothing is mapped'));
  picture.setAttribute('height', Math.max(y + 6, 60));
  box.append(picture);
}
function drawColumn(picture, rows, states, i, x, width, space) {
  for (let a = 0; a < rows.length;) {
    let b = a, height = 0;
    while (b < rows.length && rows[b].ranges[i] === rows[a].ranges[i]) { height += rows[b].height; b++; }
    const range = rows[a].ranges[i];
    const other = range && (rows[a].ranges[1 - i]);
    const mark = !range || sameRange(range, other) ? '' : i === 0 ? ' went' : ' came';
    picture.append(svg('rect', { x: x + 1, y: rows[a].y + 1, width: width - 2, height: Math.max(height - 2, 2), rx: 3, class: (range ? { ram: 'ram', rom: 'rom', 'i/o': 'io' }[range.kind] || 'unknown' : 'none') + mark }));
    if (range) {
      const slots = space === 'memory' ? states[i].slots.filter(s => s.first < range.end && s.end > range.first).map(s => s.slot) : [];
      const letters = Math.floor((width - 14) / 7.3), label = range.region + '  ' + sizeText(range.end - range.first);
      picture.append(svg('text', { x: x + 8, y: rows[a].y + 14 }, label.length > letters ? label.slice(0, letters - 1) + '\u2026' : label));
      if (height > 34) picture.append(svg('text', { x: x + 8, y: rows[a].y + 30, class: 'soft' }, (range.kind + (slots.length ? ', memslot ' + slots.join(', ') : '')).slice(0, letters)));
    }
    a = b;
  }
}

/* ---- tables and lists ---- */
function table(element, heads, rows, by) {
  let direction = -1;
  const fill = () => {
    const body = rows.slice().sort((a, b) => { const x = a[by].sort, y = b[by].sort; return (x < y ? -1 : x > y ? 1 : 0) * direction; });
    element.replaceChildren();
    const head = element.createTHead().insertRow();
    heads.forEach((h, i) => {
      const th = make('th', i === by ? 'by' : '', h + (i === by ? (direction < 0 ? ' \u2193' : ' \u2191') : ''));
      th.onclick = () => { direction = i === by ? -direction : -1; by = i; fill(); };
      head.append(th);
    });
    const tbody = element.createTBody();
    body.forEach(cells => {
      const tr = tbody.insertRow();
      cells.forEach(c => { const td = tr.insertCell(); if (c.bar !== undefined) { td.className = 'barcell'; const i = make('i'); i.style.width = c.bar * 100 + '%'; td.append(i); } else td.textContent = c.text; });
    });
  };
  fill();
}
const cell = (text, sort) => ({ text, sort });
function showLatency() {
  const o = Number($('unit').value), word = o === 2 ? duration : count, rows = data.names.filter(n => n.length > 2);
  const top = Math.max(...rows.map(n => n[o + 1]), 1);
  if (rows.length === 0) { $('latency-table').replaceChildren(); return; }
  table($('latency-table'), ['stage', 'count', 'total', 'min', 'median', '95 %', '99 %', 'max', 'share'], rows.map(n => [cell(n[0], n[0]), cell(count(n[o]), n[o]),
    ...[1, 2, 3, 4, 5, 6].map(k => cell(word(n[o + k]), n[o + k])), { bar: n[o + 1] / top, sort: n[o + 1] }]), 2);
}
function showHops() {
  if (data.hops.length === 0) { $('hop-table').replaceWith(make('p', 'note', 'No interrupt line changed in this trace.')); return; }
  const top = Math.max(...data.hops.map(h => h[2]), 1);
  table($('hop-table'), ['hop', 'line', 'calls', 'raised', 'lowered', 'level changes', ''], data.hops.map(h => [cell(h[0], h[0]), ...[1, 2, 3, 4, 5].map(k => cell(count(h[k]), h[k])), { bar: h[2] / top, sort: h[2] }]), 2);
}
function showLog(list, found_, none) {
  found_.slice(0, 500).forEach(e => line(list, e));
  if (found_.length === 0) list.append(make('li', 'none', none));
  if (found_.length > 500) list.append(make('li', 'none', 'and ' + (found_.length - 500) + ' more'));
}
function tile(value, text) { const t = make('div', 'tile'); t.append(make('b', '', value), make('span', '', text)); $('summary').append(t); }

/* ---- controls ---- */
const KEYS = [['/', 'search'], ['n  p', 'next, previous match'], ['[  ]', 'previous, next operation'], ['\u2190 \u2192', 'move in time'], ['+  -  0', 'zoom in, out, all'], ['\u2191 \u2193', 'previous, next event'],
  ['Esc', 'clear'], ['t', 'light or dark'], ['?', 'these keys'], ['drag, pinch', 'move, zoom (or Ctrl and the wheel)']];
function step(by) { const i = selected ? selected.order + by : shown.findIndex(e => at(e) >= view.from); const e = shown[Math.min(Math.max(i, 0), shown.length - 1)]; if (e) { select(e, false); const w = view.to - view.from; if (at(e) < view.from || at(e) > view.to) setView(at(e) - w / 2, at(e) + w / 2); } }
function toggleTheme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  readColors(); draw();
}
const width = () => view.to - view.from;
const ACTIONS = { '/': () => $('search').focus(), n: () => nextHit(1), p: () => nextHit(-1), '[': () => operations.length && chooseOperation(chosen - 1), ']': () => operations.length && chooseOperation(chosen + 1),
  ArrowLeft: () => setView(view.from - width() * 0.15, view.to - width() * 0.15), ArrowRight: () => setView(view.from + width() * 0.15, view.to + width() * 0.15), '+': () => zoom(0.6), '=': () => zoom(0.6), '-': () => zoom(1.7), 0: fit,
  ArrowUp: () => step(-1), ArrowDown: () => step(1), t: toggleTheme, '?': () => $('help').showModal(), Escape: () => { $('search').value = ''; search(''); select(null); } };
document.addEventListener('keydown', event => {
  const typing = /^(INPUT|SELECT)$/.test(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey || $('help').open) return;
  if (typing && event.key !== 'Escape' && !(event.target === $('search') && event.key === 'Enter')) return;
  if (event.key === 'Enter' && typing) { nextHit(event.shiftKey ? -1 : 1); return; }
  const isArrow = /^Arrow(Up|Down)$/.test(event.key);
  if (ACTIONS[event.key] && (!isArrow || document.activeElement === $('lanes') || selected)) { event.preventDefault(); ACTIONS[event.key](); if (event.key === 'Escape') event.target.blur(); }
});
function pointers(canvas) {
  const down = new Map();
  let moved = 0, spread = 0;
  const place = event => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  canvas.addEventListener('pointerdown', event => { down.set(event.pointerId, place(event)); moved = 0; spread = 0; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener('pointermove', event => {
    const [x, y] = place(event);
    if (!down.has(event.pointerId)) { hover(x, y); return; }
    const [ox] = down.get(event.pointerId);
    down.set(event.pointerId, [x, y]);
    if (down.size === 2) {
      const [a, b] = [...down.values()], now = Math.abs(a[0] - b[0]);
      if (spread > 8 && now > 8) zoom(spread / now, view.from + (a[0] + b[0]) / 2 / canvas.clientWidth * width());
      spread = now; moved = 99;
    } else { const d = (x - ox) / canvas.clientWidth * width(); moved += Math.abs(x - ox); if (moved > 3) setView(view.from - d, view.to - d); }
  });
  const up = event => { const p = down.get(event.pointerId); down.delete(event.pointerId); if (p && moved <= 3 && event.type === 'pointerup') select(hit(...p), false); };
  canvas.addEventListener('pointerup', up); canvas.addEventListener('pointercancel', up);
  canvas.addEventListener('pointerleave', () => { $('tip').hidden = true; });
  canvas.addEventListener('dblclick', event => { const e = hit(...place(event)); if (e) zoomTo(at(e), endOf(e)); });
  canvas.addEventListener('wheel', event => {
    if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) zoom(Math.exp(event.deltaY * 0.004), view.from + place(event)[0] / canvas.clientWidth * width());
    else { const d = event.deltaX / canvas.clientWidth * width(); setView(view.from + d, view.to + d); }
  }, { passive: false });
}
function hover(x, y) {
  const e = hit(x, y), tip = $('tip');
  tip.hidden = !e;
  if (!e) return;
  tip.textContent = e.name + (e.leave ? ', ' + duration(e.leave.host - e.host) : '') + (e.fields.length ? ' \u2014 ' + fieldsText(e) : '');
  tip.style.left = Math.min(x + 12, $('lanes').clientWidth - 200) + 'px'; tip.style.top = (y + 14) + 'px';
}
function overviewDrag(canvas) {
  let from = null;
  const value = event => { const box = canvas.getBoundingClientRect(); return (event.clientX - box.left) / box.width * extent(); };
  canvas.addEventListener('pointerdown', event => { from = value(event); canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener('pointermove', event => { if (from !== null && Math.abs(value(event) - from) > extent() / 200) setView(Math.min(from, value(event)), Math.max(from, value(event))); });
  canvas.addEventListener('pointerup', event => { if (from !== null && Math.abs(value(event) - from) <= extent() / 200) setView(from - width() / 2, from + width() / 2); from = null; });
}

/* ---- all of it ---- */
function start() {
  readColors();
  data.errors.forEach(i => { const e = events[i]; if (e) (e.enter || e).failed = true; });
  const about = data.about, failed = shown.filter(e => e.failed);
  document.title = 'Replug: ' + about.file.split('/').pop();
  $('file').textContent = about.file;
  tile(String(operations.length), operations.length === 1 ? 'operation' : 'operations');
  tile(String(operations.filter(o => o.bad).length), 'refused or failed');
  tile(count(about.events), 'events'); tile(count(data.time.turns[1] - data.time.turns[0] + 1), 'turns');
  tile(duration(last.now - first.now), 'virtual time'); tile(String(failed.length), 'errors');
  FAMILIES.forEach(f => { const s = make('span'), i = make('i'); i.style.background = 'var(--' + f[0] + ')'; s.append(i, f[1]); $('legend').append(s); });
  for (const name in AXES) if (name === 'order' || last[name] > first[name]) { const o = make('option', '', AXES[name][0]); o.value = name; $('axis').append(o); }
  $('axis').value = axis;
  spaces.forEach(s => $('space').append(make('option', '', s)));
  $('map-at').max = Math.max(moments.length - 1, 0);
  const after = moments.findIndex(m => m.turn > 0);
  $('map-at').value = after >= 0 ? after : moments.length - 1;
  showOperations(); fit(); showMap(); showHops();
  if (!(last.icount > first.icount)) $('unit').hidden = true;
  showLatency();
  showLog($('outside-list'), shown.filter(e => /^(external_event|qmp_command|hmp_command|run_state_changed|acpi_device_ost)$/.test(e.name)), 'Nothing came from outside.');
  showLog($('error-list'), failed, 'Nothing went wrong.');
  KEYS.forEach(([key, text]) => $('help-list').append(make('dt', '', key), make('dd', '', text)));
  $('footer').textContent = 'A report by tracedump' + (about.program ? ', of a trace of ' + about.program : '') + (about.build ? ' (build ' + about.build.slice(0, 12) + ')' : '') + '. ' + count(about.told) + ' of ' + count(about.events) +
    ' events are shown one by one, all are counted' + (about.leftOut ? '; ' + count(about.leftOut) + ' that belong to the story had no room' : '') + (about.lost ? '; ' + count(about.lost) + ' were lost when the trace was made' : '') + (about.mapLeftOut ? '; ' + count(about.mapLeftOut) + ' changes of the map are left out' : '') + '.';
  $('axis').onchange = () => { axis = $('axis').value; fit(); };
  $('unit').onchange = showLatency; $('space').onchange = showMap; $('map-at').oninput = showMap;
  const turn = by => { const r = $('map-at'); r.value = Number(r.value) + by; showMap(); };
  $('map-back').onclick = () => turn(-1); $('map-on').onclick = () => turn(1);
  $('in').onclick = () => zoom(0.6); $('out').onclick = () => zoom(1.7); $('fit').onclick = fit;
  $('theme').onclick = toggleTheme; $('keys').onclick = () => $('help').showModal();
  $('search').oninput = () => search($('search').value);
  pointers($('lanes')); overviewDrag($('overview'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { readColors(); draw(); });
  addEventListener('resize', () => { draw(); showMap(); });
  requestAnimationFrame(() => requestAnimationFrame(() => { document.documentElement.dataset.ready = Math.round(performance.now()); }));
}
start();
})();
