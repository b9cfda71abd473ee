import { isCount, isText, type Shape } from '../kit/shape.js'
import { partsOfBlobName } from './blob-name.js'

/** How documents name a part (`state/snapshot.ts`). */
export const PART: Shape = {
  blob: (value) => isText(value) && partsOfBlobName(value) !== undefined,
  offset: isCount,
  bytes: isCount,
  hash: (value) => isText(value) && /^[0-9a-f]{64}$/.test(value),
}
