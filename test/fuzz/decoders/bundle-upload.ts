import { type BundlePiece, BundleUploads, piecesOf, type UploadedBundle } from '#src/cluster/bundle-upload.js'
import { damaged } from '../damage.js'
import { damagedJson } from '../damaged-value.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { chance, text } from '../draw.js'

/** A bundle in pieces, as a client sends them to the job manager; here as JSON, their bytes in base64. */
export const bundleUpload: Decoder<UploadedBundle | undefined> = {
  name: 'bundle-upload',
  sample(random) {
    const value = { code: text(random, 400), map: text(random, 100), hash: 'a'.repeat(64) }
    return { bytes: enveloped(piecesOf(value)), value }
  },
  decode(bytes) {
    const uploads = new BundleUploads()
    let whole: UploadedBundle | undefined
    for (const piece of opened(bytes)) whole = uploads.add(piece) ?? whole
    return whole
  },
  isRefusal: refusedWith('RT1109'),
  damage(random, { value }) {
    const pieces = piecesOf(value ?? { code: '', map: '', hash: '' })
    const changed = pieces.map((piece) =>
      chance(random, 0.4) ? { ...piece, bytes: damaged(random, piece.bytes, piece.bytes) } : piece,
    )
    return damagedJson(random, JSON.parse(new TextDecoder().decode(enveloped(changed))))
  },
  faultOf(bundle) {
    if (bundle === undefined) return undefined
    const isText = [bundle.code, bundle.map, bundle.hash].every((one) => typeof one === 'string')
    return isText ? undefined : 'a bundle that is no text'
  },
}

function enveloped(pieces: readonly BundlePiece[]): Uint8Array {
  const texts = pieces.map((piece) => ({ ...piece, bytes: Buffer.from(piece.bytes).toString('base64') }))
  return Buffer.from(JSON.stringify(texts))
}

/** What arrives as a message is any data; the envelope itself is not what is tried here. */
function opened(bytes: Uint8Array): readonly BundlePiece[] {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return []
  }
  if (!Array.isArray(value)) return []
  return value.map((piece) => {
    const held = (piece as { bytes?: unknown } | null)?.bytes
    return typeof held === 'string' ? { ...piece, bytes: new Uint8Array(Buffer.from(held, 'base64')) } : piece
  })
}
