/** By name, each with bytes of its own: nobody who holds the others changes these. */
export function copiedContents<Name extends string>(
  contents: Iterable<readonly [Name, Uint8Array]>,
): Map<Name, Uint8Array> {
  return new Map([...contents].map(([name, bytes]) => [name, Uint8Array.from(bytes)]))
}
