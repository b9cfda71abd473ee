import type { Parcel } from '#src/actor/transport/transport.js'

/** What traces and faults call a parcel: the type of its word, or what else it is. */
export function wordOf(parcel: Parcel): string {
  switch (parcel.kind) {
    case 'frame':
      return 'frame'
    case 'answer':
      return 'answer'
    case 'signal':
    case 'ask':
    case 'tell':
      return typeOf(parcel.body)
  }
}

/** The numbers by which a word is known. */
export function aboutOf({ body }: Parcel): string {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return ''
  const known = body as Readonly<Record<string, unknown>>
  return ['attempt', 'checkpoint', 'subtask', 'state', 'slot']
    .filter((name) => ['string', 'number'].includes(typeof known[name]))
    .map((name) => `${name} ${String(known[name])}`)
    .join(' ')
}

function typeOf(body: unknown): string {
  const type = (body as { type?: unknown } | null)?.type
  return typeof type === 'string' ? type : 'word'
}
