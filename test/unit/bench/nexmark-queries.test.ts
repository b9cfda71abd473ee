import { generator } from 'retake'
import { scripted, testJob } from 'retake/testing'
import { expect, test } from 'vitest'
import type { Auction, Bid, NexmarkEvent, Person } from '../../../bench/jobs/nexmark/event.js'
import { nexmarkEventAt } from '../../../bench/jobs/nexmark/event-at.js'
import nexmarkJob from '../../../bench/jobs/nexmark/nexmark-job.js'
import type { QueryName } from '../../../bench/jobs/nexmark/queries.js'

const events = Array.from({ length: 2_000 }, (_, index) =>
  nexmarkEventAt(generator.randomAt(0, index), index),
)
const bids = events.filter((event): event is Bid => event.kind === 'bid')

test('q0 passes every bid on, q1 with its price in euros', async () => {
  expect(await rowsOf('q0')).toHaveLength(bids.length)
  const euros = (await rowsOf('q1')).map((row) => row['price'] as number)
  expect(sorted(euros)).toEqual(sorted(bids.map(({ price }) => price * 0.908)))
})

test('q2 selects the bids for every 123rd auction', async () => {
  const selected = [
    bidOf({ auction: 1_107, price: 5 }),
    bidOf({ auction: 1_108 }),
    bidOf({ auction: 1_230, price: 7 }),
  ]
  expect(await rowsOf('q2', selected)).toEqual([
    { auction: 1_107, price: 5 },
    { auction: 1_230, price: 7 },
  ])
})

test('q3 finds what local people sell in category 10, whichever of the two comes first', async () => {
  const found = await rowsOf('q3', [
    auctionOf({ id: 1, seller: 7, category: 10 }),
    auctionOf({ id: 2, seller: 7, category: 11 }),
    auctionOf({ id: 3, seller: 8, category: 10 }),
    personOf({ id: 7, state: 'OR', name: 'Grace' }),
    personOf({ id: 8, state: 'WA' }),
    auctionOf({ id: 4, seller: 7, category: 10 }),
  ])

  expect(found.map(({ name, id }) => [name, id])).toEqual([
    ['Grace', 1],
    ['Grace', 4],
  ])
})

test('q14 takes prices within a range, and tells the time of day and the letters c', async () => {
  const at = (hour: number) => Date.UTC(2024, 0, 1, hour)
  const found = await rowsOf('q14', [
    bidOf({ price: 1_101_321, dateTime: at(8) }),
    bidOf({ price: 1_101_322, dateTime: at(8), extra: 'accc' }),
    bidOf({ price: 1_101_322, dateTime: at(7) }),
    bidOf({ price: 1_101_322, dateTime: at(23) }),
    bidOf({ price: 55_066_080, dateTime: at(8) }),
  ])

  expect(found.map(({ bidTimeType, cCounts }) => [bidTimeType, cCounts])).toEqual([
    ['dayTime', 3],
    ['otherTime', 0],
    ['nightTime', 0],
  ])
})

test('q17 ends with what the bids of each auction come to', async () => {
  const rows = await rowsOf('q17')
  const last = new Map(rows.map((row) => [row['auction'], row]))

  expect(rows).toHaveLength(bids.length)
  for (const [auction, row] of last) {
    const prices = bids.filter((bid) => bid.auction === auction).map(({ price }) => price)
    const sumPrice = prices.reduce((sum, price) => sum + price, 0)
    expect(row).toMatchObject({
      totalBids: prices.length,
      rank1Bids: prices.filter((price) => price < 10_000).length,
      rank3Bids: prices.filter((price) => price >= 1_000_000).length,
      minPrice: Math.min(...prices),
      maxPrice: Math.max(...prices),
      avgPrice: Math.floor(sumPrice / prices.length),
    })
  }
})

test('q18 ends with the last bid of each bidder for each auction', async () => {
  const found = await rowsOf('q18', [
    bidOf({ bidder: 1, auction: 1, price: 10, dateTime: 1 }),
    bidOf({ bidder: 1, auction: 2, price: 20, dateTime: 2 }),
    bidOf({ bidder: 1, auction: 1, price: 30, dateTime: 3 }),
    bidOf({ bidder: 1, auction: 1, price: 40, dateTime: 2 }),
  ])

  expect(found.map(({ auction, price }) => [auction, price])).toEqual([
    [1, 10],
    [2, 20],
    [1, 30],
    [1, 30],
  ])
})

test('q19 tells a bid with its rank when it becomes one of the ten highest of its auction', async () => {
  const prices = [5, 9, 1, 2, 3, 4, 6, 7, 8, 10, 1, 11, 2]
  const found = await rowsOf(
    'q19',
    prices.map((price) => bidOf({ auction: 1, price })),
  )

  expect(found.map(({ price, rank }) => [price, rank])).toEqual([
    [5, 1],
    [9, 1],
    [1, 3],
    [2, 3],
    [3, 3],
    [4, 3],
    [6, 2],
    [7, 2],
    [8, 2],
    [10, 1],
    [11, 1],
  ])
})

test('q21 knows channels by name, else by their address, and leaves out the others', async () => {
  const found = await rowsOf('q21', [
    bidOf({ channel: 'Apple' }),
    bidOf({ channel: 'channel-7', url: 'https://www.nexmark.com/a/b/c/item.htm?query=1&channel_id=7' }),
    bidOf({ channel: 'channel-8', url: 'https://www.nexmark.com/a/b/c/item.htm?query=1' }),
  ])
  expect(found.map(({ channelId }) => channelId)).toEqual(['0', '7'])
})

test('q22 takes the first three folders of the address', async () => {
  const url = 'https://www.nexmark.com/a/b/c/item.htm?query=1'
  const [found] = await rowsOf('q22', [bidOf({ url })])
  expect(found).toMatchObject({ dir1: 'a', dir2: 'b', dir3: 'c' })
})

/** In the order in which they came out. */
async function rowsOf(
  query: QueryName,
  given: readonly NexmarkEvent[] = events,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const run = await testJob(nexmarkJob, {
    sources: { events: scripted<NexmarkEvent>(given).end() },
    params: { query, records: String(given.length) },
  })
  try {
    await run.untilFinished()
    return run.sink<Readonly<Record<string, unknown>>>('nowhere').committed()
  } finally {
    run.close()
  }
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b)
}

function bidOf(fields: Partial<Bid>): Bid {
  const bid: Bid = {
    kind: 'bid',
    auction: 1_000,
    bidder: 1_000,
    price: 100,
    channel: 'Google',
    url: '',
    dateTime: 0,
    extra: '',
  }
  return { ...bid, ...fields }
}

function auctionOf(fields: Partial<Auction>): Auction {
  return { ...(events[1] as Auction), ...fields }
}

function personOf(fields: Partial<Person>): Person {
  return { ...(events[0] as Person), ...fields }
}
