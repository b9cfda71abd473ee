/**
 * The text of ASCII bytes, from `s` to `end`. A short one is made here: a call into the platform costs several times as
 * much as the text.
 */
export function asciiText(b: Buffer, s: number, end: number): string {
  const char = String.fromCharCode
  // biome-ignore format: one line for each length
  switch (end - s) {
    case 0: return ''
    case 1: return char(b[s]!)
    case 2: return char(b[s]!, b[s + 1]!)
    case 3: return char(b[s]!, b[s + 1]!, b[s + 2]!)
    case 4: return char(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!)
    case 5: return char(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!)
    case 6: return char(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!)
    case 7: return char(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!)
    case 8: return char(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!, b[s + 7]!)
    case 9: return char(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!, b[s + 7]!, b[s + 8]!)
    case 10: return char(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!, b[s + 7]!, b[s + 8]!, b[s + 9]!)
    default: return b.toString('latin1', s, end)
  }
}
