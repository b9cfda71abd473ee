/** What is large comes in pieces, one after the other: they need not lie in one place, nor be gone through in one turn. */
export type Bytes = Uint8Array | readonly Uint8Array[]

export function piecesOf(bytes: Bytes): readonly Uint8Array[] {
  return bytes instanceof Uint8Array ? [bytes] : bytes
}

export function lengthOf(bytes: Bytes): number {
  return piecesOf(bytes).reduce((sum, { length }) => sum + length, 0)
}

/** In one place: of a single piece itself, not a copy. */
export function wholeOf(bytes: Bytes): Uint8Array {
  const pieces = piecesOf(bytes)
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(lengthOf(pieces))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** The same bytes cut anew, `size` at a time and the rest at the end; what can be a view is one. None of nothing. */
export function* cutInto(bytes: Bytes, size: number): Generator<Uint8Array, void> {
  let parts: Uint8Array[] = []
  let length = 0
  for (const piece of piecesOf(bytes)) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + size - length)
      parts.push(part)
      length += part.length
      at += part.length
      if (length < size) continue
      yield wholeOf(parts)
      parts = []
      length = 0
    }
  }
  if (length > 0) yield wholeOf(parts)
}
