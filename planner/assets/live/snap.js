// The foot of a place on a network: what planner/snapping.py finds, to the millimetre.
//
// Segments stand along a Hilbert curve already, so blocks of consecutive ones are the leaves of a packed tree of boxes
// in degrees, made in one pass. No vertex is projected for that: how near a box may be is a lower bound, and only the
// segments of the few boxes that are near enough are looked at in the plane.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const BLOCK = 8; // segments of a leaf
  const TIE_M = 0.001; // edges within this of the nearest are as near
  const ON_NODE_MM = 1; // a foot within this of an end of its edge is on that node
  const GLOBE_M = 6.3e6; // less than any radius of curvature of the globe
  const DEPTH = 64; // more than the levels of any tree
  const planes = new WeakMap(); // by roads: the vertices in the planes of zones, as far as they were looked at

  // Vertices in the plane of a zone, projected when first asked for.
  function planeOf(roads, zone) {
    const key = `${zone.zone}${zone.south ? "S" : "N"}`;
    if (!planes.has(roads)) planes.set(roads, {});
    const made = planes.get(roads);
    if (!made[key]) {
      const utm = live.utm(zone.zone, zone.south);
      made[key] = { utm, x: new Float64Array(roads.nVertices), y: new Float64Array(roads.nVertices), known: new Uint8Array(roads.nVertices) };
    }
    return made[key];
  }

  function place(plane, roads, vertex) {
    const [x, y] = plane.utm.forward(roads.lon[vertex], roads.lat[vertex]);
    plane.x[vertex] = x;
    plane.y[vertex] = y;
    plane.known[vertex] = 1;
  }

  // Boxes in degrees: [west, south, east, north] of every block of segments, box k above the boxes 2k and 2k + 1.
  function treeOf(roads, uses) {
    const blocks = Math.max(1, Math.ceil(roads.vertex.length / BLOCK));
    let leaves = 1;
    while (leaves < blocks) leaves *= 2;
    const box = new Float64Array(8 * leaves), firstRun = new Uint32Array(blocks);
    for (let k = 0; k < box.length; k += 4) {
      box[k] = box[k + 1] = Infinity;
      box[k + 2] = box[k + 3] = -Infinity;
    }
    let seen = -1; // last block whose first run is known
    for (let run = 0; run < roads.nRuns; run++) {
      const start = roads.runStart[run], last = roads.runStart[run + 1] - 1;
      while ((seen + 1) * BLOCK <= last) firstRun[++seen] = run;
      if (uses(run)) boxRun(roads, box, leaves, start, last);
    }
    const bounds = around(box, leaves);
    widen(box, leaves);
    for (let k = leaves - 1; k > 0; k--) {
      const at = 4 * k, a = 8 * k, b = a + 4;
      box[at] = Math.min(box[a], box[b]);
      box[at + 1] = Math.min(box[a + 1], box[b + 1]);
      box[at + 2] = Math.max(box[a + 2], box[b + 2]);
      box[at + 3] = Math.max(box[a + 3], box[b + 3]);
    }
    return { box, leaves, firstRun, bounds };
  }

  // The box of all leaves.
  function around(box, leaves) {
    const bounds = [Infinity, Infinity, -Infinity, -Infinity];
    for (let at = 4 * leaves; at < box.length; at += 4) {
      if (box[at] < bounds[0]) bounds[0] = box[at];
      if (box[at + 1] < bounds[1]) bounds[1] = box[at + 1];
      if (box[at + 2] > bounds[2]) bounds[2] = box[at + 2];
      if (box[at + 3] > bounds[3]) bounds[3] = box[at + 3];
    }
    return bounds;
  }

  // The segments of one run, from slot `start` to before `last`, into the boxes of their blocks.
  function boxRun(roads, box, leaves, start, last) {
    const { lon, lat, vertex } = roads;
    for (let low = start; low < last;) {
      const block = Math.floor(low / BLOCK), high = Math.min(last, (block + 1) * BLOCK), at = 4 * (leaves + block);
      let west = box[at], south = box[at + 1], east = box[at + 2], north = box[at + 3];
      for (let k = low; k <= high; k++) { // the last segment's far end as well
        const x = lon[vertex[k]], y = lat[vertex[k]];
        if (x < west) west = x;
        if (x > east) east = x;
        if (y < south) south = y;
        if (y > north) north = y;
      }
      box[at] = west;
      box[at + 1] = south;
      box[at + 2] = east;
      box[at + 3] = north;
      low = high;
    }
  }

  // A segment is straight in the plane, so in degrees it leaves the box of its ends, by less than the square of its length
  // over the radius of the globe, times one more than the tangent of the latitude: widen the leaves by that.
  function widen(box, leaves) {
    for (let at = 4 * leaves; at < box.length; at += 4) {
      if (box[at] > box[at + 2]) continue;
      const most = Math.max(Math.abs(box[at + 1]), Math.abs(box[at + 3])) * live.DEGREE;
      const cos = Math.max(Math.cos(most), 1e-3);
      const wide = (box[at + 2] - box[at]) * live.DEGREE, high = (box[at + 3] - box[at + 1]) * live.DEGREE;
      const by = (wide * wide + high * high) * (1 + 1 / cos) / live.DEGREE;
      box[at] -= by / cos;
      box[at + 1] -= by;
      box[at + 2] += by / cos;
      box[at + 3] += by;
    }
  }

  // What a degree east and a degree north are at least in the plane, in metres, between a place and the whole tree: the
  // plane's scale is never below 0.9996, and the directions of its grid differ between two places by `turn` at most.
  function leastDegrees(box, zone, lon, lat) {
    const middle = zone.zone * 6 - 183;
    const west = Math.min(lon, box[4]), south = Math.min(lat, box[5]), east = Math.max(lon, box[6]), north = Math.max(lat, box[7]);
    const least = Math.min(Math.cos(south * live.DEGREE), Math.cos(north * live.DEGREE));
    if (west - middle < -80 || east - middle > 80 || !(least > 0)) return [0, 0];
    let low = Infinity, high = -Infinity;
    for (const x of [west, east]) {
      for (const y of [south, north, Math.max(south, Math.min(north, 0))]) {
        const turn = Math.atan(Math.tan((x - middle) * live.DEGREE) * Math.sin(y * live.DEGREE));
        low = Math.min(low, turn);
        high = Math.max(high, turn);
      }
    }
    const share = 0.999 * Math.max(0, Math.cos((high - low) / 2)) * GLOBE_M * live.DEGREE;
    return [share * least, share];
  }

  // The segments that are near enough to a place, used again for the next one.
  class Candidates {
    constructor() {
      Object.assign(this, { slot: new Uint32Array(64), metres: new Float64Array(64), count: 0, leastM: Infinity, limit: Infinity });
    }

    // `limit` is a squared distance: nothing beyond it is looked at.
    begin(farthestM) {
      Object.assign(this, { count: 0, leastM: Infinity, limit: farthestM * farthestM });
    }

    note(slot, metres) {
      if (this.count === this.slot.length) this.grow();
      this.slot[this.count] = slot;
      this.metres[this.count++] = metres;
      if (metres < this.leastM) {
        this.leastM = metres;
        this.limit = (metres + 2 * TIE_M) * (metres + 2 * TIE_M); // far above what rounding can do to a square
      }
    }

    grow() {
      const { slot, metres } = this;
      this.slot = new Uint32Array(2 * slot.length);
      this.metres = new Float64Array(2 * slot.length);
      this.slot.set(slot);
      this.metres.set(metres);
    }
  }

  // What a snapper looks at for one place; `foot` is of the segment measured last: fraction, x, y, squared distance.
  class Search {
    constructor(roads, tree, zone, uses) {
      Object.assign(this, { roads, tree, zone, uses, plane: planeOf(roads, zone), found: new Candidates(), foot: new Float64Array(4) });
      Object.assign(this, { stack: new Int32Array(DEPTH), stackM2: new Float64Array(DEPTH) });
    }

    // The foot of a perpendicular on a segment: the operations of planner/_plane.py in their order.
    measure(slot, x, y) {
      const { roads, plane, foot } = this, u = roads.vertex[slot], v = roads.vertex[slot + 1];
      if (!plane.known[u]) place(plane, roads, u);
      if (!plane.known[v]) place(plane, roads, v);
      const ux = plane.x[u], uy = plane.y[u], dx = plane.x[v] - ux, dy = plane.y[v] - uy;
      const square = dx * dx + dy * dy;
      let fraction = 0;
      if (square > 0) fraction = Math.min(Math.max(((x - ux) * dx + (y - uy) * dy) / square, 0), 1);
      foot[0] = fraction;
      foot[1] = ux + fraction * dx;
      foot[2] = uy + fraction * dy;
      const awayX = x - foot[1], awayY = y - foot[2];
      foot[3] = awayX * awayX + awayY * awayY;
      return foot[3];
    }

    lookAt(block, x, y) {
      const { roads, tree, uses, found } = this, end = Math.min((block + 1) * BLOCK, roads.vertex.length);
      let run = tree.firstRun[block];
      for (let slot = block * BLOCK; slot < end; slot++) {
        while (slot >= roads.runStart[run + 1]) run++;
        if (slot + 1 === roads.runStart[run + 1] || !uses(run)) continue;
        const square = this.measure(slot, x, y);
        if (square <= found.limit) found.note(slot, Math.sqrt(square)); // a segment without a place in the plane is no number
      }
    }

    toBox(k, lon, lat, eastM, northM) {
      const box = this.tree.box, at = 4 * k;
      const dx = Math.max(box[at] - lon, lon - box[at + 2], 0) * eastM, dy = Math.max(box[at + 1] - lat, lat - box[at + 3], 0) * northM;
      return dx * dx + dy * dy;
    }

    // Every segment that may be within TIE_M of the nearest, the nearest boxes first.
    gather(lon, lat, x, y, farthestM) {
      const { tree, stack, stackM2, found } = this, [eastM, northM] = leastDegrees(tree.box, this.zone, lon, lat);
      found.begin(farthestM);
      let top = 0;
      stack[top] = 1;
      stackM2[top++] = this.toBox(1, lon, lat, eastM, northM);
      while (top > 0) {
        const k = stack[--top];
        if (!(stackM2[top] <= found.limit)) continue;
        if (k >= tree.leaves) {
          this.lookAt(k - tree.leaves, x, y);
          continue;
        }
        const a = this.toBox(2 * k, lon, lat, eastM, northM), b = this.toBox(2 * k + 1, lon, lat, eastM, northM);
        const near = a <= b ? 0 : 1;
        stack[top] = 2 * k + 1 - near;
        stackM2[top++] = Math.max(a, b);
        stack[top] = 2 * k + near;
        stackM2[top++] = Math.min(a, b);
      }
      return found;
    }
  }

  // By run whether a mode goes along it, in either direction.
  function usesOf(roads, mode) {
    if (mode === "walk") return (run) => roads.walk[run] === 1;
    return (run) => roads.driveForward[run] === 1 || roads.driveBackward[run] === 1;
  }

  function runOf(roads, slot) {
    let low = 0, high = roads.nRuns;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (roads.runStart[middle] <= slot) low = middle;
      else high = middle;
    }
    return low;
  }

  // Millimetres along a segment: rounded once, and to the end that the foot is on.
  function position(fraction, length) {
    const along = live.rint(fraction * length);
    if (along <= ON_NODE_MM && along <= length - along) return 0;
    return length - along <= ON_NODE_MM ? length : along;
  }

  // How far in the plane a foot may be that is not off the network, in metres: within 15 degrees of its zone's middle the
  // plane and the globe differ by less than a tenth. Elsewhere nothing is ruled out.
  function reachOf(bounds, zone, mostMm) {
    const middle = zone.zone * 6 - 183;
    const near = Math.max(middle - bounds[0], bounds[2] - middle) < 15 && mostMm < 1e8;
    return near ? mostMm / 1000 * 1.1 + 1 : Infinity;
  }

  // Returns {snap(lon, lat)}: slot, mm and access of the foot, or null off the network.
  function snapper(load, mode) {
    const roads = load.roads, uses = usesOf(roads, mode), tree = treeOf(roads, uses), bounds = tree.bounds;
    if (!(bounds[0] <= bounds[2])) return { snap: () => null };
    const middleLon = (bounds[0] + bounds[2]) / 2, zone = load.meta.utms[mode];
    const search = new Search(roads, tree, zone, uses), { utm } = search.plane;
    const most = load.meta.snap_max_mm, reachM = reachOf(bounds, zone, most);
    const before = (a, b) => { // the order by way and segment
      const runA = runOf(roads, a), runB = runOf(roads, b);
      return runA === runB ? a < b : roads.runRank[runA] < roads.runRank[runB];
    };
    function snap(lon, lat) {
      const [x, y] = utm.forward(lon, lat);
      if (!Number.isFinite(x + y)) return null;
      const near = lon - middleLon > 180 ? lon - 360 : lon - middleLon < -180 ? lon + 360 : lon; // the shorter way round
      const { slot, metres, count, leastM } = search.gather(near, lat, x, y, reachM);
      let best = -1;
      for (let i = 0; i < count; i++) {
        if (metres[i] <= leastM + TIE_M && (best < 0 || before(slot[i], best))) best = slot[i];
      }
      if (best < 0) return null;
      search.measure(best, x, y);
      const [fraction, footX, footY] = search.foot, [footLon, footLat] = utm.inverse(footX, footY);
      const access = live.greatCircleMm(lon, lat, footLon, footLat);
      return access <= most ? { slot: best, mm: position(fraction, roads.length[best]), access } : null;
    }
    return { snap };
  }

  Object.assign(live, { snapper, usesOf, runOf });
})(globalThis);
