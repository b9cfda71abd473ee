import { expect, test } from 'vitest'
import { LineCursor } from '#src/connector/file/line-cursor.js'

/** The lines of `text`, which comes in chunks of `chunkBytes`. */
function linesOf(text: string, chunkBytes: number): string[] {
  const bytes = Buffer.from(text)
  const cursor = new LineCursor()
  const lines: string[] = []
  let consumed = 0
  const take = (isLast: boolean) => {
    while (cursor.advance(isLast)) {
      lines.push(cursor.bytes.toString('utf8', cursor.start, cursor.end))
      consumed += cursor.lineBytes
    }
  }
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    cursor.push(bytes.subarray(at, at + chunkBytes))
    take(false)
  }
  take(true)
  expect(consumed).toBe(bytes.length)
  return lines
}

test.each([
  ['', []],
  ['\n', ['']],
  ['a', ['a']],
  ['a\n', ['a']],
  ['a\r\n\r\nb', ['a', '', 'b']],
  ['a\rb\n\r', ['a\rb', '']],
  ['zwölf\n日本語 🦊\r\nЖ', ['zwölf', '日本語 🦊', 'Ж']],
])('when %j comes in chunks of any size, then its lines are %j', (text, lines) => {
  for (let chunkBytes = 1; chunkBytes <= Math.max(1, Buffer.byteLength(text)); chunkBytes++) {
    expect(linesOf(text, chunkBytes)).toEqual(lines)
  }
})
