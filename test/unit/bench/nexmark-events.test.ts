import { generator } from 'retake'
import { expect, test } from 'vitest'
import type { Auction, Bid, NexmarkEvent, Person } from '../../../bench/jobs/nexmark/event.js'
import { nexmarkEventAt } from '../../../bench/jobs/nexmark/event-at.js'
import { bidsOf } from '../../../bench/jobs/nexmark/proportions.js'

const EVENTS = 50_000
const events = Array.from({ length: EVENTS }, (_, index) => eventAt(index))
const people = events.filter((event): event is Person => event.kind === 'person')
const auctions = events.filter((event): event is Auction => event.kind === 'auction')
const bids = events.filter((event): event is Bid => event.kind === 'bid')

test('of each 50 events one is a person, three are auctions and 46 are bids, in this order', () => {
  for (let from = 0; from < EVENTS; from += 50) {
    const kinds = events.slice(from, from + 50).map(({ kind }) => kind)
    expect(kinds).toEqual(['person', ...Array(3).fill('auction'), ...Array(46).fill('bid')])
  }
  for (const events of [0, 1, 4, 5, 50, 54, 55, 1_234]) {
    const counted = Array.from({ length: events }, (_, index) => eventAt(index)).filter(
      ({ kind }) => kind === 'bid',
    )
    expect(bidsOf(events), `of ${events}`).toBe(counted.length)
  }
})

test('when events are made again, backwards and by another generator, then they are the same', () => {
  for (let index = 999; index >= 0; index--) expect(eventAt(index)).toEqual(events[index])
})

test('when another seed is given, then people have other names for the same numbers', () => {
  const others = people.map(
    (_, number) => nexmarkEventAt(generator.randomAt(1, number * 50), number * 50) as Person,
  )

  expect(others.map(({ id }) => id)).toEqual(people.map(({ id }) => id))
  expect(others.map(({ emailAddress }) => emailAddress)).not.toEqual(
    people.map(({ emailAddress }) => emailAddress),
  )
})

test('people and auctions are numbered without gaps, and time never goes back', () => {
  expect(people.map(({ id }) => id)).toEqual(people.map((_, number) => 1_000 + number))
  expect(auctions.map(({ id }) => id)).toEqual(auctions.map((_, number) => 1_000 + number))
  const steps = events.map(({ dateTime }, i) => dateTime - (events[i - 1]?.dateTime ?? dateTime))
  expect([...new Set(steps)].sort()).toEqual([0, 1])
})

test('whoever is named was there before, or is one of the ten next', () => {
  let [lastPerson, lastAuction] = [999, 999]
  const isKnown = (id: number, last: number) => id >= 1_000 && id <= last + 10
  const unknown = events.filter((event) => {
    if (event.kind === 'person') lastPerson = event.id
    if (event.kind === 'auction') lastAuction = event.id
    if (event.kind === 'auction') return !isKnown(event.seller, lastPerson)
    return event.kind === 'bid' && !(isKnown(event.bidder, lastPerson) && isKnown(event.auction, lastAuction))
  })

  expect(unknown).toEqual([])
})

test('half of the bids are for hot auctions; three of four bidders and sellers are hot ones', () => {
  const shareOf = <T>(all: readonly T[], isHot: (one: T) => boolean) => all.filter(isHot).length / all.length

  // Of those who are not hot, one in a hundred has such a number by chance.
  expect(shareOf(bids, ({ auction }) => (auction - 1_000) % 100 === 0)).toBeCloseTo(0.505, 1)
  expect(shareOf(bids, ({ bidder }) => (bidder - 1_000) % 100 === 1)).toBeCloseTo(0.75, 1)
  expect(shareOf(auctions, ({ seller }) => (seller - 1_000) % 100 === 0)).toBeCloseTo(0.75, 1)
  expect(shareOf(bids, ({ channel }) => !channel.startsWith('channel-'))).toBeCloseTo(0.5, 1)
  expect(shareOf(bids, ({ url }) => url.includes('&channel_id='))).toBeCloseTo(0.45, 1)
})

test('what is not hot is in flight: bids go to the last hundred auctions, and a few to come', () => {
  let last = 999
  const late = events.filter((event) => {
    if (event.kind === 'auction') last = event.id
    return event.kind === 'bid' && (event.auction - 1_000) % 100 !== 0 && event.auction < last - 100
  })

  expect(late).toEqual([])
})

test('an auction has a category of five, a reserve above its first bid, and ends in a third of a second at most', () => {
  for (const { category, initialBid, reserve, dateTime, expires } of auctions) {
    expect(category).toBeGreaterThanOrEqual(10)
    expect(category).toBeLessThan(15)
    expect(reserve).toBeGreaterThan(initialBid)
    expect(expires).toBeGreaterThan(dateTime)
    expect(expires - dateTime).toBeLessThanOrEqual(333)
  }
})

test('prices are from one to a million dollars, as often of one order of magnitude as of another', () => {
  const orders = new Map<number, number>()
  for (const { price } of bids) {
    const order = Math.floor(Math.log10(price / 100))
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }

  for (let order = 0; order < 6; order++) {
    expect(orders.get(order)! / bids.length, `10 ** ${order}`).toBeGreaterThan(0.155)
    expect(orders.get(order)! / bids.length, `10 ** ${order}`).toBeLessThan(0.18)
  }
})

test('on average a person has 200 bytes, an auction 500 and a bid 100 beside its channel', () => {
  const averageOf = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length
  const sized = (event: NexmarkEvent, ...but: readonly string[]) =>
    Object.entries(event)
      .filter(([name]) => name !== 'kind' && !but.includes(name))
      .reduce((sum, [, value]) => sum + (typeof value === 'string' ? value.length : 8), 0)

  // The public generators leave these two out, too.
  expect(averageOf(people.map((person) => sized(person, 'dateTime')))).toBeCloseTo(200, -1)
  expect(averageOf(auctions.map((auction) => sized(auction, 'category')))).toBeCloseTo(500, -1)
  expect(averageOf(bids.map((bid) => sized(bid, 'channel', 'url')))).toBeCloseTo(100, -1)
})

function eventAt(index: number): NexmarkEvent {
  return nexmarkEventAt(generator.randomAt(0, index), index)
}
