// Opens the text that the page carries: base64 and gzip to bytes, never more of them than the load's own header says.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const VERSION = 1;
  const MAGIC = "SCPLIVE1";
  const HEAD = 12; // bytes before the header: the mark, and the header's length
  const SLICE = 16384; // bytes inflated at once: at most a thousand times as many come out of them
  const MOST_HEADER = 1 << 26, MOST_BYTES = 1 << 29; // far above any city's: what says it is larger is not held

  /** Why a load cannot be used: "version", "damaged", or "browser" (it cannot inflate). */
  class LoadError extends Error {
    constructor(code, detail) {
      super(detail ? `${code}: ${detail}` : code);
      this.name = "LoadError";
      this.code = code;
    }
  }
  const damaged = (detail) => new LoadError("damaged", detail);

  function bytesOf(text) {
    let binary;
    try {
      binary = atob(text.trim());
    } catch (error) {
      throw damaged("base64");
    }
    const bytes = new Uint8Array(binary.length);
    for (let k = 0; k < bytes.length; k++) bytes[k] = binary.charCodeAt(k);
    return bytes;
  }

  const CRC_TABLE = Uint32Array.from({ length: 256 }, (unused, first) => {
    let value = first;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });

  function crcOf(bytes) {
    let crc = -1;
    for (let k = 0; k < bytes.length; k++) crc = CRC_TABLE[(crc ^ bytes[k]) & 255] ^ (crc >>> 8);
    return ((crc ^ -1) >>> 0).toString(16).padStart(8, "0");
  }

  /** Where the sections begin, by the first bytes. */
  function startOf(bytes) {
    if (String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC) throw damaged("magic");
    return HEAD + new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  }

  function headerOf(bytes, start) {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(HEAD, start)));
  }

  /** How many bytes a load has, by its header. */
  function totalOf(bytes) {
    const start = startOf(bytes), ends = Object.values(headerOf(bytes, start).sections).map(([offset, length]) => offset + length);
    return ends.reduce((most, end) => Math.max(most, start + end), start);
  }

  /** An array with room for `total` bytes that begins with those that there are. */
  function longer(bytes, total, most) {
    if (!(total >= bytes.length && total <= most)) throw damaged("header");
    const found = new Uint8Array(total);
    found.set(bytes);
    return found;
  }

  /** All bytes of a reader: room is made as the load itself says, and what comes beyond that ends the reading. */
  async function taken(reader) {
    const next = [(bytes) => longer(bytes, startOf(bytes), MOST_HEADER), (bytes) => longer(bytes, totalOf(bytes), MOST_BYTES)];
    let bytes = new Uint8Array(HEAD), had = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      for (let at = 0; at < read.value.length;) {
        if (had === bytes.length) throw damaged("more bytes than its header says");
        const part = read.value.subarray(at, at + bytes.length - had);
        bytes.set(part, had);
        had += part.length;
        at += part.length;
        while (had === bytes.length && next.length) bytes = next.shift()(bytes);
      }
    }
    if (next.length || had < bytes.length) throw damaged("cut short");
    return bytes;
  }

  /** Packed bytes, a slice whenever one is asked for: what is inflated ahead of its reader stays small. */
  function slices(packed) {
    let at = 0;
    const pull = (feed) => {
      if (at >= packed.length) {
        feed.close();
        return;
      }
      feed.enqueue(packed.slice(at, at + SLICE));
      at += SLICE;
    };
    return new root.ReadableStream({ pull });
  }

  /** Inflate a load's text; `version` and `crc32` are what the page says of it. */
  async function inflate(text, version, crc32) {
    if (String(version) !== String(VERSION)) throw new LoadError("version", String(version));
    if (typeof root.DecompressionStream !== "function") throw new LoadError("browser");
    const reader = slices(bytesOf(text)).pipeThrough(new root.DecompressionStream("gzip")).getReader();
    let bytes;
    try {
      bytes = await taken(reader);
    } catch (error) {
      reader.cancel().catch(() => {}); // what is wrong is told already
      throw error instanceof LoadError ? error : damaged("gzip");
    }
    if (crcOf(bytes) !== String(crc32)) throw damaged("crc32");
    return bytes;
  }

  live.container = { HEAD, VERSION, damaged, headerOf, startOf };
  Object.assign(live, { LoadError, inflate });
})(globalThis);
