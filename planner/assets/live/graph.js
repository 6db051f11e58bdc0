// A road network as searches take it, drawn together: runs are cut into chains at their ends and where other streets meet
// them, and only those vertices are nodes. People and sites keep their places inside of chains, to the millimetre and the
// millisecond, so nothing is lost (planner/skeleton.py does the same).
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  // --- Chains and nodes ------------------------------------------------------------------------------------------------

  // By vertex: 0 where the mode has none, 2 where a run only passes through once, 3 where a node is needed: at the ends
  // of runs, where a run meets another or itself, and at segments of no length, along which nobody could tell a side.
  function endsOf(roads, uses) {
    const ends = new Uint8Array(roads.nVertices), { vertex, length, runStart } = roads;
    for (let run = 0; run < roads.nRuns; run++) {
      if (!uses(run)) continue;
      const start = runStart[run], last = runStart[run + 1] - 1;
      ends[vertex[start]] = ends[vertex[last]] = 3;
      if (length[start] === 0) ends[vertex[start + 1]] = 3;
      for (let k = start + 1; k < last; k++) {
        const v = vertex[k];
        if (length[k] === 0) ends[v] = ends[vertex[k + 1]] = 3;
        else ends[v] = ends[v] ? 3 : 2;
      }
    }
    return ends;
  }

  // Numbers the nodes in the order in which runs come to them, and counts the chains.
  function nodesOf(roads, uses, ends) {
    const nodeOf = new Int32Array(roads.nVertices).fill(-1), { vertex, runStart } = roads;
    let nodes = 0, chains = 0;
    for (let run = 0; run < roads.nRuns; run++) {
      if (!uses(run)) continue;
      const last = runStart[run + 1] - 1;
      for (let k = runStart[run]; k <= last; k++) {
        const v = vertex[k];
        if (ends[v] !== 3) continue;
        if (nodeOf[v] < 0) nodeOf[v] = nodes++;
        if (k < last) chains++;
      }
    }
    return { nodeOf, nodes, chains };
  }

  // Chains are consecutive slots of a run between nodes, in the order of the slots; costs are sums over them.
  function chainsOf(roads, mode, uses, nodeOf, count) {
    const start = new Uint32Array(count), end = new Uint32Array(count), u = new Int32Array(count), v = new Int32Array(count);
    const mm = new Float64Array(count), ms = new Float64Array(count), ahead = new Uint8Array(count), back = new Uint8Array(count);
    const { vertex, length, runStart } = roads, driveMs = mode === "drive" ? roads.driveMs : null;
    let chain = -1;
    for (let run = 0; run < roads.nRuns; run++) {
      if (!uses(run)) continue;
      const last = runStart[run + 1] - 1, two = mode === "walk";
      for (let k = runStart[run]; k < last; k++) {
        const node = nodeOf[vertex[k]];
        if (node >= 0) {
          start[++chain] = k;
          u[chain] = node;
          ahead[chain] = two ? 1 : roads.driveForward[run];
          back[chain] = two ? 1 : roads.driveBackward[run];
        }
        mm[chain] += length[k];
        if (driveMs) ms[chain] += driveMs[k];
        const next = nodeOf[vertex[k + 1]];
        if (next >= 0) {
          v[chain] = next;
          end[chain] = k + 1;
        }
      }
    }
    return { count, start, end, u, v, mm, ms, ahead, back };
  }

  // Arcs against the directions of travel, by the node where they begin: the chain that each goes along, and a code, which
  // is twice the node where it ends, plus one if it leads on from there. Into a dead end a search need not go.
  function arcsOf(chains, nodes) {
    const start = new Uint32Array(nodes + 1), { u, v, ahead, back } = chains;
    for (let c = 0; c < chains.count; c++) {
      if (u[c] === v[c]) continue;
      start[v[c] + 1] += ahead[c];
      start[u[c] + 1] += back[c];
    }
    for (let k = 0; k < nodes; k++) start[k + 1] += start[k];
    const next = start.slice(), code = new Int32Array(start[nodes]), chain = new Uint32Array(start[nodes]);
    for (let c = 0; c < chains.count; c++) {
      if (u[c] === v[c]) continue;
      if (ahead[c]) {
        code[next[v[c]]] = 2 * u[c];
        chain[next[v[c]]++] = c;
      }
      if (back[c]) {
        code[next[u[c]]] = 2 * v[c];
        chain[next[u[c]]++] = c;
      }
    }
    for (let tail = 0; tail < nodes; tail++) {
      for (let k = start[tail]; k < start[tail + 1]; k++) {
        const head = code[k] >> 1, out = start[head + 1] - start[head];
        if (out > 1 || (out === 1 && code[start[head]] >> 1 !== tail)) code[k] += 1;
      }
    }
    return { start, code, chain };
  }

  function graphOf(roads, mode) {
    const uses = live.usesOf(roads, mode);
    const { nodeOf, nodes, chains } = nodesOf(roads, uses, endsOf(roads, uses));
    const drawn = chainsOf(roads, mode, uses, nodeOf, chains);
    return { roads, mode, nodeOf, nodes, chains: drawn, arcs: arcsOf(drawn, nodes) };
  }

  // --- Places on the graph ---------------------------------------------------------------------------------------------

  function chainOf(chains, slot) {
    let low = 0, high = chains.count;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (chains.start[middle] <= slot) low = middle;
      else high = middle;
    }
    if (!(slot >= chains.start[low] && slot < chains.end[low])) throw new RangeError(`no segment of this network has the number ${slot}`);
    return low;
  }

  // Driving time to a place of a segment: its share of the segment's time, a half rounded up.
  function shareMs(total, mm, length) {
    if (length === 0) return 0;
    const above = 2 * total * mm + length;
    if (above < Number.MAX_SAFE_INTEGER) return Math.floor(above / (2 * length));
    return Number((2n * BigInt(total) * BigInt(mm) + BigInt(length)) / (2n * BigInt(length)));
  }

  // Where a foot is: on a node, or inside a chain, with the costs from the chain's u.
  function spotOf(graph, slot, mm) {
    const { roads, chains } = graph, { vertex, length } = roads, chain = chainOf(chains, slot);
    const node = mm === 0 ? graph.nodeOf[vertex[slot]] : mm === length[slot] ? graph.nodeOf[vertex[slot + 1]] : -1;
    if (node >= 0) return { node, chain: -1, mm: 0, ms: 0 };
    const driveMs = graph.mode === "drive" ? roads.driveMs : null;
    let beforeMm = 0, beforeMs = 0;
    for (let k = chains.start[chain]; k < slot; k++) {
      beforeMm += length[k];
      if (driveMs) beforeMs += driveMs[k];
    }
    const ms = driveMs ? beforeMs + shareMs(driveMs[slot], mm, length[slot]) : 0;
    return { node: -1, chain, mm: beforeMm + mm, ms };
  }

  // Rows in the order of their keys: offsets by key, and the rows' numbers.
  function grouped(keys, count, nKeys) {
    const start = new Uint32Array(nKeys + 1), rows = new Uint32Array(count);
    for (let k = 0; k < count; k++) start[keys[k] + 1]++;
    for (let k = 0; k < nKeys; k++) start[k + 1] += start[k];
    const next = start.slice();
    for (let k = 0; k < count; k++) rows[next[keys[k]]++] = k;
    return { start, rows };
  }

  // Stops in the order of the points: the node for which a point may be left, and the costs to there. There are at most two
  // for a point. `chain` is where a point lies inside of a chain, at the costs given in `placeMm` and `placeMs`; else -1.
  function stopsOf(graph, feet, n) {
    const { chains } = graph, node = new Uint32Array(2 * n), point = new Uint32Array(2 * n);
    const mm = new Float64Array(2 * n), ms = new Float64Array(2 * n);
    const chain = new Int32Array(n).fill(-1), placeMm = new Float64Array(n), placeMs = new Float64Array(n);
    let count = 0;
    const stop = (at, p, a, b) => {
      node[count] = at;
      point[count] = p;
      mm[count] = a;
      ms[count++] = b;
    };
    for (let p = 0; p < n; p++) {
      if (feet.slot[p] < 0) continue;
      const spot = spotOf(graph, feet.slot[p], feet.mm[p]), c = chain[p] = spot.chain;
      if (c < 0) {
        stop(spot.node, p, 0, 0);
        continue;
      }
      if (chains.back[c]) stop(chains.u[c], p, spot.mm, spot.ms);
      if (chains.ahead[c]) stop(chains.v[c], p, chains.mm[c] - spot.mm, chains.ms[c] - spot.ms);
      placeMm[p] = spot.mm;
      placeMs[p] = spot.ms;
    }
    return { count, node, point, mm, ms, chain, placeMm, placeMs };
  }

  // The people's points on the graph. `stop`: by node the points that may be left for it, and the costs to there.
  // `inside`: by chain the points inside of it.
  function peopleOn(graph, feet, n) {
    const stops = stopsOf(graph, feet, n), { start, rows } = grouped(stops.node, stops.count, graph.nodes);
    const access = new Float64Array(n), inside = new Uint32Array(n), chain = new Uint32Array(n);
    let nInside = 0;
    for (let p = 0; p < n; p++) {
      access[p] = feet.access[p];
      if (stops.chain[p] < 0) continue;
      chain[nInside] = stops.chain[p];
      inside[nInside++] = p;
    }
    const byChain = grouped(chain, nInside, graph.chains.count);
    return {
      n, access, placeMm: stops.placeMm, placeMs: stops.placeMs,
      stop: { start, point: rows.map((row) => stops.point[row]), mm: picked(stops.mm, rows), ms: picked(stops.ms, rows) },
      inside: { start: byChain.start, point: byChain.rows.map((row) => inside[row]) },
    };
  }

  function picked(values, rows) {
    const found = new Float64Array(rows.length);
    for (let k = 0; k < rows.length; k++) found[k] = values[rows[k]];
    return found;
  }

  Object.assign(live, { graph: { graphOf, spotOf, peopleOn } });
})(globalThis);
