import { LineCursor } from '#src/connector/file/line-cursor.js'
import { randomInteger } from '#src/kit/random.js'
import type { Decoder } from '../decoder.js'
import { listOf, pick, text } from '../draw.js'

/** Lines of a file that comes in chunks, behind the size of those (u8, at least 64): the same, however they are cut. */
export const line: Decoder<readonly string[]> = {
  name: 'line',
  sample(random) {
    const lines = listOf(random, 9, () => text(random).replaceAll(/[\r\n]/g, ''))
    const end = pick(random, ['\n', '\r\n'])
    const size = Buffer.from([randomInteger(random, 256)])
    return { bytes: Buffer.concat([size, ...lines.map((line) => Buffer.from(line + end))]), value: lines }
  },
  decode(bytes) {
    const size = Math.max(64, bytes[0] ?? 0)
    const whole = Buffer.from(bytes.subarray(1))
    const [inChunks, atOnce] = [linesIn(whole, size), linesIn(whole, whole.length + 1)]
    if (inChunks.join('\n') !== atOnce.join('\n')) throw new Error('lines depend on how a file is cut')
    return inChunks
  },
  isRefusal: () => false,
}

function linesIn(bytes: Buffer, size: number): string[] {
  const cursor = new LineCursor()
  const lines: string[] = []
  const take = (isLast: boolean) => {
    while (cursor.advance(isLast)) lines.push(cursor.bytes.toString('utf8', cursor.start, cursor.end))
  }
  for (let at = 0; at < bytes.length; at += size) {
    cursor.push(bytes.subarray(at, at + size))
    take(false)
  }
  take(true)
  return lines
}
