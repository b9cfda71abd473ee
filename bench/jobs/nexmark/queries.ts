import { of, type Stream, state } from 'retake'
import type { Auction, Bid, NexmarkEvent, Person } from './event.js'

/** A query: what becomes of the events. */
export type Query = (events: Stream<NexmarkEvent>) => Stream<unknown>

const EUROS_PER_DOLLAR = 0.908
const DAY_MS = 24 * 60 * 60_000

const isBid = (event: NexmarkEvent): event is Bid => event.kind === 'bid'

/** Pass through: what moving a bid costs. */
const q0: Query = (events) =>
  events
    .filter(isBid)
    .map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra }))

/** Currency conversion: the price of each bid in euros. */
const q1: Query = (events) =>
  events.filter(isBid).map(({ auction, bidder, price, dateTime, extra }) => ({
    auction,
    bidder,
    price: price * EUROS_PER_DOLLAR,
    dateTime,
    extra,
  }))

/** Selection: bids for every 123rd auction. */
const q2: Query = (events) =>
  events
    .filter(isBid)
    .filter(({ auction }) => auction % 123 === 0)
    .map(({ auction, price }) => ({ auction, price }))

interface Suggestion {
  readonly name: string
  readonly city: string
  readonly state: string
  readonly id: number
}

/** Local item suggestion: who in Oregon, Idaho or California sells what in category 10. A join that forgets nothing. */
const q3: Query = (events) =>
  events
    .filter((event): event is Person | Auction => isLocal(event) || isOfCategory10(event))
    .keyBy((event) => (event.kind === 'person' ? event.id : event.seller))
    .process('suggestions', {
      state: { seller: state.value<Person | null>(null), waiting: state.value<readonly number[]>([]) },
      emits: of<Suggestion>(),
      onRecord(event, { state: { seller, waiting } }, emit) {
        if (event.kind === 'person') {
          seller.set(event)
          for (const id of waiting.get()) emit(suggestionOf(event, id))
          waiting.clear()
          return
        }
        const person = seller.get()
        if (person === null) waiting.set([...waiting.get(), event.id])
        else emit(suggestionOf(person, event.id))
      },
    })

const LOCAL = new Set(['OR', 'ID', 'CA'])

function isLocal(event: NexmarkEvent): event is Person {
  return event.kind === 'person' && LOCAL.has(event.state)
}

function isOfCategory10(event: NexmarkEvent): event is Auction {
  return event.kind === 'auction' && event.category === 10
}

function suggestionOf({ name, city, state }: Person, id: number): Suggestion {
  return { name, city, state, id }
}

/** Calculation: bids within a range of prices, by time of day, and how many c there are in them. */
const q14: Query = (events) =>
  events
    .filter(isBid)
    .filter(({ price }) => price * EUROS_PER_DOLLAR > 1_000_000 && price * EUROS_PER_DOLLAR < 50_000_000)
    .map(({ auction, bidder, price, dateTime, extra }) => ({
      auction,
      bidder,
      price: price * EUROS_PER_DOLLAR,
      bidTimeType: timeOfDay(dateTime),
      dateTime,
      extra,
      cCounts: countOf('c', extra),
    }))

function timeOfDay(dateTime: number): string {
  const hour = Math.floor((dateTime % DAY_MS) / (60 * 60_000))
  if (hour >= 8 && hour <= 18) return 'dayTime'
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
}

function countOf(letter: string, text: string): number {
  let count = 0
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) count++
  return count
}

interface AuctionStatistics {
  readonly totalBids: number
  readonly rank1Bids: number
  readonly rank2Bids: number
  readonly rank3Bids: number
  readonly minPrice: number
  readonly maxPrice: number
  readonly sumPrice: number
}

const NO_BIDS: AuctionStatistics = {
  totalBids: 0,
  rank1Bids: 0,
  rank2Bids: 0,
  rank3Bids: 0,
  minPrice: Number.MAX_SAFE_INTEGER,
  maxPrice: 0,
  sumPrice: 0,
}

/** Auction statistics: of each auction and day, told anew with every bid. */
const q17: Query = (events) =>
  events
    .filter(isBid)
    .keyBy(({ auction, dateTime }) => [auction, Math.floor(dateTime / DAY_MS)] as const)
    .process('statistics', {
      state: { statistics: state.value<AuctionStatistics>(NO_BIDS) },
      emits: of<AuctionStatistics & { auction: number; day: number; avgPrice: number }>(),
      onRecord({ price }, { key: [auction, day], state: { statistics } }, emit) {
        const next = withBid(statistics.get(), price)
        statistics.set(next)
        emit({ auction, day, ...next, avgPrice: Math.floor(next.sumPrice / next.totalBids) })
      },
    })

function withBid(held: AuctionStatistics, price: number): AuctionStatistics {
  return {
    totalBids: held.totalBids + 1,
    rank1Bids: held.rank1Bids + (price < 10_000 ? 1 : 0),
    rank2Bids: held.rank2Bids + (price >= 10_000 && price < 1_000_000 ? 1 : 0),
    rank3Bids: held.rank3Bids + (price >= 1_000_000 ? 1 : 0),
    minPrice: Math.min(held.minPrice, price),
    maxPrice: Math.max(held.maxPrice, price),
    sumPrice: held.sumPrice + price,
  }
}

/** Last bid: of each bidder for each auction, told anew with every bid. */
const q18: Query = (events) =>
  events
    .filter(isBid)
    .keyBy(({ bidder, auction }) => [bidder, auction] as const)
    .reduce('last-bid', (held, bid) => (bid.dateTime >= held.dateTime ? bid : held))

const TOP = 10

/** The ten highest bids of each auction: a bid that becomes one of them is told, with its rank. */
const q19: Query = (events) =>
  events
    .filter(isBid)
    .keyBy(({ auction }) => auction)
    .process('top-10', {
      state: { top: state.value<readonly Bid[]>([]) },
      emits: of<Bid & { rank: number }>(),
      onRecord(bid, { state: { top } }, emit) {
        const held = top.get()
        const above = held.filter(({ price }) => price >= bid.price).length
        if (above === TOP) return
        top.set([...held.slice(0, above), bid, ...held.slice(above, TOP - 1)])
        emit({ ...bid, rank: above + 1 })
      },
    })

const CHANNEL_IDS: Readonly<Record<string, string>> = { apple: '0', google: '1', facebook: '2', baidu: '3' }

/** Add channel id: that of a well-known channel, or the one that the address names. */
const q21: Query = (events) =>
  events
    .filter(isBid)
    .map(({ auction, bidder, price, channel, url }) => {
      const channelId = CHANNEL_IDS[channel.toLowerCase()] ?? /(?:&|^)channel_id=([^&]*)/.exec(url)?.[1]
      return { auction, bidder, price, channel, channelId }
    })
    .filter(({ channelId }) => channelId !== undefined)

/** Get URL directories. */
const q22: Query = (events) =>
  events.filter(isBid).map(({ auction, bidder, price, channel, url }) => {
    const [, , , dir1, dir2, dir3] = url.split('/')
    return { auction, bidder, price, channel, dir1, dir2, dir3 }
  })

/**
 * By their names in Nexmark. The others need what there is none of yet: windows (q5, q7, q8, q11, q12), joins within event
 * time and retractions (q4, q6, q9), partitioned files (q10), a table beside the stream (q13), distinct counts in a state
 * larger than a value (q15, q16, q20).
 */
export const QUERIES = { q0, q1, q2, q3, q14, q17, q18, q19, q21, q22 } as const

export type QueryName = keyof typeof QUERIES
