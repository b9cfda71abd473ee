import { generator, type Random } from 'retake'
import type { Auction, Bid, NexmarkEvent, Person } from './event.js'
import { AUCTIONS, EPOCH, kindAt, lastAuctionAt, lastPersonAt } from './proportions.js'
import { oneOf, randomBelow, randomFiller, randomWords } from './random-text.js'

/**
 * The Nexmark event at an index, made of nothing but the index and the random numbers that belong to it: any split of
 * the indices makes the same events. Proportions, fields, sizes and ratios are the defaults of the public generators
 * (Apache Beam's, and that of github.com/nexmark/nexmark for Flink); the texts are our own.
 */
export function nexmarkEventAt(random: Random, index: number): NexmarkEvent {
  switch (kindAt(index)) {
    case 'person':
      return personAt(random, index)
    case 'auction':
      return auctionAt(random, index)
    case 'bid':
      return bidAt(random, index)
  }
}

export const FIRST_PERSON = 1_000
export const FIRST_AUCTION = 1_000
export const FIRST_CATEGORY = 10
const CATEGORIES = 5
/** People and auctions that are not there yet, and may be named already: so many. */
const LEAD = 10
/** Whoever is not hot is one of the last so many. */
const ACTIVE_PEOPLE = 1_000
const AUCTIONS_IN_FLIGHT = 100
/** All but one in so many go to who is hot: one person, or auction, of each hundred. */
const HOT = { sellers: 4, auctions: 2, bidders: 4, channels: 2, one: 100 }
const BYTES = { person: 200, auction: 500, bid: 100 }

/** 1 January 2024, and then 10 000 events in a second. */
const BEGIN = Date.UTC(2024, 0, 1)
const EVENTS_PER_MS = 10

const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY']
const CITIES = ['Phoenix', 'Los Angeles', 'San Francisco', 'Boise', 'Portland', 'Bend', 'Redmond', 'Seattle']
const FIRST_NAMES = [
  'Ada',
  'Barbara',
  'Edsger',
  'Frances',
  'Grace',
  'Joe',
  'Leslie',
  'Niklaus',
  'Robin',
  'Tony',
]
const LAST_NAMES = [
  'Allen',
  'Armstrong',
  'Dijkstra',
  'Hoare',
  'Hopper',
  'Lamport',
  'Liskov',
  'Milner',
  'Wirth',
]
const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple']
const CHANNELS = 10_000

function personAt(random: Random, index: number): Person {
  const name = `${oneOf(random, FIRST_NAMES)} ${oneOf(random, LAST_NAMES)}`
  const emailAddress = `${randomWords(random, 7)}@${randomWords(random, 5)}.com`
  const creditCard = `${fourDigits(random)} ${fourDigits(random)} ${fourDigits(random)} ${fourDigits(random)}`
  const city = oneOf(random, CITIES)
  const state = oneOf(random, STATES)
  const bytes = 8 + name.length + emailAddress.length + creditCard.length + city.length + state.length
  return {
    kind: 'person',
    id: FIRST_PERSON + lastPersonAt(index),
    name,
    emailAddress,
    creditCard,
    city,
    state,
    dateTime: timeAt(index),
    extra: randomFiller(random, bytes, BYTES.person),
  }
}

function auctionAt(random: Random, index: number): Auction {
  const dateTime = timeAt(index)
  const initialBid = randomPrice(random)
  const itemName = randomWords(random, 20)
  const description = randomWords(random, 100)
  const bytes = 8 + itemName.length + description.length + 5 * 8
  return {
    kind: 'auction',
    id: FIRST_AUCTION + lastAuctionAt(index),
    itemName,
    description,
    initialBid,
    reserve: initialBid + randomPrice(random),
    dateTime,
    expires: dateTime + 1 + randomBelow(random, 2 * IN_FLIGHT_MS),
    seller: FIRST_PERSON + sellerAt(random, index),
    category: FIRST_CATEGORY + randomBelow(random, CATEGORIES),
    extra: randomFiller(random, bytes, BYTES.auction),
  }
}

function bidAt(random: Random, index: number): Bid {
  const auction = FIRST_AUCTION + auctionBidForAt(random, index)
  const bidder = FIRST_PERSON + bidderAt(random, index)
  const price = randomPrice(random)
  const isHot = randomBelow(random, HOT.channels) > 0
  const { channel, url } = oneOf(random, isHot ? HOT_PLACES : PLACES)
  return {
    kind: 'bid',
    auction,
    bidder,
    price,
    channel,
    url,
    dateTime: timeAt(index),
    extra: randomFiller(random, 4 * 8, BYTES.bid),
  }
}

function sellerAt(random: Random, index: number): number {
  const isHot = randomBelow(random, HOT.sellers) > 0
  return isHot ? hotOf(lastPersonAt(index)) : activePersonAt(random, index)
}

function auctionBidForAt(random: Random, index: number): number {
  const last = Math.max(lastAuctionAt(index), 0)
  if (randomBelow(random, HOT.auctions) > 0) return hotOf(last)
  const first = Math.max(last - AUCTIONS_IN_FLIGHT, 0)
  return first + randomBelow(random, last - first + 1 + LEAD)
}

/** The hot bidder is the second of each hundred, the hot seller the first. */
function bidderAt(random: Random, index: number): number {
  const isHot = randomBelow(random, HOT.bidders) > 0
  return isHot ? hotOf(lastPersonAt(index)) + 1 : activePersonAt(random, index)
}

function activePersonAt(random: Random, index: number): number {
  const people = lastPersonAt(index) + 1
  const active = Math.min(people, ACTIVE_PEOPLE)
  return people - active + randomBelow(random, active + LEAD)
}

function hotOf(last: number): number {
  return last - (last % HOT.one)
}

function timeAt(index: number): number {
  return BEGIN + Math.floor(index / EVENTS_PER_MS)
}

/** Until as many auctions more are made as are open at a time: about half as long as the longest one lasts. */
const IN_FLIGHT_MS = Math.floor((AUCTIONS_IN_FLIGHT * EPOCH) / AUCTIONS / EVENTS_PER_MS)

/** From one to a million dollars, as often of one order of magnitude as of another. */
function randomPrice(random: Random): number {
  return Math.round(10 ** (random.next() * 6) * 100)
}

function fourDigits(random: Random): string {
  return String(randomBelow(random, 10_000)).padStart(4, '0')
}

interface Place {
  readonly channel: string
  readonly url: string
}

/** The same for ever: drawn from numbers of their own. */
const HOT_PLACES: readonly Place[] = HOT_CHANNELS.map((channel, i) => ({ channel, url: urlOf(i) }))
/** Nine in ten name their channel in the address. */
const PLACES: readonly Place[] = Array.from({ length: CHANNELS }, (_, i) => {
  const url = urlOf(HOT_CHANNELS.length + i)
  return { channel: `channel-${i}`, url: i % 10 === 0 ? url : `${url}&channel_id=${i}` }
})

function urlOf(number: number): string {
  const random = generator.randomAt(3, number)
  const folder = () => randomWords(random, 5).replaceAll(' ', '_')
  return `https://www.nexmark.com/${folder()}/${folder()}/${folder()}/item.htm?query=1`
}
