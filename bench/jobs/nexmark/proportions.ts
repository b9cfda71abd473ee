/** Of 50 events, in this order: 1 person, 3 auctions, 46 bids. */
export const [PEOPLE, AUCTIONS, BIDS] = [1, 3, 46]
export const EPOCH = PEOPLE + AUCTIONS + BIDS

/** Whose turn it is at an index. */
export function kindAt(index: number): 'person' | 'auction' | 'bid' {
  const offset = index % EPOCH
  return offset < PEOPLE ? 'person' : offset < PEOPLE + AUCTIONS ? 'auction' : 'bid'
}

/** Number, from 0 on, of the last person up to the event at an index, itself included. */
export function lastPersonAt(index: number): number {
  const offset = Math.min(index % EPOCH, PEOPLE - 1)
  return Math.floor(index / EPOCH) * PEOPLE + offset
}

/** Number, from 0 on, of the last auction up to the event at an index, itself included; -1 before there is one. */
export function lastAuctionAt(index: number): number {
  const offset = Math.min(index % EPOCH, PEOPLE + AUCTIONS - 1) - PEOPLE
  return Math.floor(index / EPOCH) * AUCTIONS + Math.max(offset, -1)
}

/** How many of the first `events` are bids. */
export function bidsOf(events: number): number {
  const rest = Math.max(0, (events % EPOCH) - PEOPLE - AUCTIONS)
  return Math.floor(events / EPOCH) * BIDS + rest
}
