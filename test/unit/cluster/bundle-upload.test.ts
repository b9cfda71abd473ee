import { expect, test } from 'vitest'
import { BundleUploads, piecesOf } from '#src/cluster/bundle-upload.js'
import { LIMITS } from '#src/kit/limits.js'

const bundle = (letter: string) => ({ code: letter.repeat(600_000), map: `{"of":"${letter}"}`, hash: letter })

test('when all pieces have come, in any order and some twice, then the bundle is whole', () => {
  const uploads = new BundleUploads()
  const pieces = [...piecesOf(bundle('a'))]
  expect(pieces.length).toBeGreaterThan(2)
  const last = pieces.shift()!
  for (const piece of [...pieces, ...pieces]) expect(uploads.add(piece)).toBeUndefined()
  expect(uploads.add(last)).toEqual(bundle('a'))
})

test('when two are on their way at once, then they are not mixed', () => {
  const uploads = new BundleUploads()
  const [a, b] = [piecesOf(bundle('a')), piecesOf(bundle('b'))]
  const whole = a.flatMap((piece, index) => [uploads.add(piece), uploads.add(b[index]!)])
  expect(whole.filter((one) => one !== undefined)).toEqual([bundle('a'), bundle('b')])
})

test('when many are begun and not gone on with, then the oldest gives way', () => {
  const uploads = new BundleUploads()
  const [first, ...rest] = piecesOf(bundle('a'))
  uploads.add(first!)
  for (let other = 0; other < LIMITS.uploads; other++) uploads.add(piecesOf(bundle(`${other}`))[0]!)
  expect(rest.map((piece) => uploads.add(piece))).not.toContainEqual(bundle('a'))
})
