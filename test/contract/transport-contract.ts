import { afterEach, describe, expect, test } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import type { Parcel, Transport, TransportReceiver } from '#src/actor/transport/transport.js'
import { assert } from '#src/kit/assert.js'
import type { SystemId } from '#src/kit/ids.js'

/** Two transports of the same kind that can reach each other once both are open. */
export interface TransportPair {
  readonly a: Transport
  readonly b: Transport
  /** Lets time pass until `condition` holds; throws when it takes too long. */
  until(condition: () => boolean): Promise<void>
  /** The link of both goes down, in a way that both notice. Of transports whose link breaks. */
  breakLink?(): Promise<void>
  restoreLink?(): Promise<void>
  /** After both transports were closed. */
  end?(): Promise<void>
}

/** What every transport must keep, whatever carries its parcels. Call it once for each kind. */
export function transportContract(
  name: string,
  makePair: (a: SystemId, b: SystemId) => Promise<TransportPair>,
  link: 'breaks' | 'never breaks' = 'never breaks',
): void {
  describe(`transport contract: ${name}`, () => {
    let ended: (() => Promise<void>)[] = []
    let pairs = 0

    afterEach(async () => {
      for (const end of ended) await end()
      ended = []
    })

    /** Two open transports and what each of them hears. */
    async function opened() {
      const A = `a${process.pid}x${++pairs}` as SystemId
      const B = `b${process.pid}x${pairs}` as SystemId
      const pair = await makePair(A, B)
      const hearsA = new Receiver()
      const hearsB = new Receiver()
      await Promise.all([pair.a.open(A, hearsA), pair.b.open(B, hearsB)])
      ended.push(async () => {
        await Promise.all([pair.a.close(), pair.b.close()])
        await pair.end?.()
      })
      return { ...pair, A, B, hearsA, hearsB, toA: addressIn(A), toB: addressIn(B) }
    }

    test('when parcels of every kind are sent, then they arrive as they were', async () => {
      const { a, b, hearsA, hearsB, toA, toB, until } = await opened()
      const parcels: Parcel[] = [
        { kind: 'tell', to: toB, body: { type: 'hello' } },
        { kind: 'ask', to: toB, from: toA, correlation: 2 ** 40 + 1, body: ['?'] },
        { kind: 'signal', to: toB, from: toA, body: { type: 'ping', watched: [['x.y', 1]] } },
        { kind: 'answer', to: toB, correlation: 7, body: { ok: true, value: null } },
      ]
      for (const parcel of parcels) a.send(parcel)
      await until(() => hearsB.parcels.length === parcels.length)
      expect(hearsB.parcels).toEqual(parcels)

      const back: Parcel = {
        kind: 'answer',
        to: toA,
        correlation: 2 ** 40 + 1,
        body: { ok: true, value: 'ok' },
      }
      b.send(back)
      await until(() => hearsA.parcels.length === 1)
      expect(hearsA.parcels).toEqual([back])
    })

    test('when a body is any plain data, then it arrives whole', async () => {
      const { a, hearsB, toB, until } = await opened()
      const body = {
        text: 'naïve 😀 \u0000 end',
        numbers: [0, -1, 1.5, Number.MAX_SAFE_INTEGER, Number.NaN, Number.POSITIVE_INFINITY],
        big: 12_345_678_901_234_567_890n,
        nothing: null,
        missing: undefined,
        yes: true,
        when: new Date(1_700_000_000_000),
        map: new Map<unknown, unknown>([['k', { deep: [1] }]]),
        set: new Set([1, 'two']),
        bytes: new Uint8Array([0, 1, 255]),
        empty: {},
      }
      a.send({ kind: 'tell', to: toB, body })
      await until(() => hearsB.parcels.length === 1)
      expect(hearsB.parcels[0]?.body).toEqual(body)
    })

    test('when many parcels are sent both ways, then each lane arrives in order, once', async () => {
      const { a, b, hearsA, hearsB, toA, toB, until } = await opened()
      const count = 2_000
      for (let n = 0; n < count; n++) {
        a.send({ kind: 'tell', to: toB, body: n })
        a.send({ kind: 'frame', to: toB, body: bytesOf(n, 64) })
        b.send({ kind: 'tell', to: toA, body: n })
      }
      await until(() => hearsB.parcels.length === 2 * count && hearsA.parcels.length === count)
      const expected = Array.from({ length: count }, (_, n) => n)
      expect(hearsB.numbers('tell')).toEqual(expected)
      expect(hearsB.numbers('frame')).toEqual(expected)
      expect(hearsA.numbers('tell')).toEqual(expected)
    })

    test('when a frame is as large as it may be, then it arrives byte by byte', async () => {
      const { a, hearsB, toB, until } = await opened()
      const frame = bytesOf(1, 1024 * 1024 - 4 * 1024)
      const copy = frame.slice()
      a.send({ kind: 'frame', to: toB, body: frame })
      await until(() => hearsB.parcels.length === 1)
      const arrived = hearsB.parcels[0]?.body
      expect(arrived).toBeInstanceOf(Uint8Array)
      expect(Buffer.compare(arrived as Uint8Array, copy)).toBe(0)
    })

    test.each([
      ['Uint8Array', new Uint8Array(1_024)],
      ['Buffer', Buffer.alloc(1_024)],
    ])(
      'when a frame is a view of a larger %s, then only the view arrives, and the rest stays usable',
      async (_, pool) => {
        const { a, hearsB, toB, until } = await opened()
        pool.fill(9).set([1, 2, 3], 100)
        a.send({ kind: 'frame', to: toB, body: pool.subarray(100, 103) })
        await until(() => hearsB.parcels.length === 1)
        expect(new Uint8Array(hearsB.parcels[0]?.body as Uint8Array)).toEqual(new Uint8Array([1, 2, 3]))
        expect(pool[99]).toBe(9)
      },
    )

    test('when nobody has opened a system, then it is said, unless no way there was promised', async () => {
      const { a, hearsA, toA, until } = await opened()
      const nowhere = `nowhere${process.pid}` as SystemId
      if (!a.reaches(nowhere)) return
      const question: Parcel = { kind: 'ask', to: addressIn(nowhere), from: toA, correlation: 5, body: '?' }
      a.send(question)
      await until(() => hearsA.undeliverable.length === 1)
      expect(hearsA.undeliverable).toMatchObject([{ parcel: question, why: 'no-responder' }])
    })

    test('when a peer has closed, then it is reached no more, or asks come back as undeliverable', async () => {
      const { a, b, A, hearsB, toA, toB, until } = await opened()
      await a.close()
      let correlation = 0
      await until(() => {
        if (!b.reaches(A)) return true
        b.send({ kind: 'ask', to: toA, from: toB, correlation: ++correlation, body: '?' })
        return hearsB.undeliverable.some(({ why }) => why === 'no-responder')
      })
    })

    test('when a transport is closed right after sending, then what was sent arrives, and it hears nothing more', async () => {
      const { a, b, hearsA, hearsB, toA, toB, until } = await opened()
      for (let n = 0; n < 100; n++) a.send({ kind: 'tell', to: toB, body: n })
      const closing = a.close()
      b.send({ kind: 'tell', to: toA, body: 'too late?' })
      await closing
      const heard = hearsA.parcels.length
      await until(() => hearsB.parcels.length === 100)
      b.send({ kind: 'tell', to: toA, body: 'too late' })
      a.send({ kind: 'tell', to: toB, body: 'nothing' })
      await until(() => true)
      expect(hearsA.parcels).toHaveLength(heard)
      expect(hearsB.parcels).toHaveLength(100)
      await a.close() // twice is once
    })

    /** Two open transports, and a name; undefined: of this kind names are not. */
    async function openedForNames() {
      const pair = await opened()
      const { a, b, A, toA } = pair
      if (a.takeName === undefined || b.takeName === undefined) return undefined
      const name = `name-of-${A}` as SystemId
      const question = (body: number): Parcel => {
        return { kind: 'ask', to: addressIn(name), from: toA, correlation: body, body }
      }
      const take = (by: Transport) => by.takeName?.(name)
      const drop = (by: Transport) => by.dropName?.(name)
      return { ...pair, question, take, drop }
    }

    test('when a system drops a name, then what is sent there is undeliverable, until it takes it again', async () => {
      const names = await openedForNames()
      if (names === undefined) return
      const { a, b, hearsA, hearsB, until, question, take, drop } = names
      let asked = 0
      const ask = () => a.send(question(++asked))
      await take(b)
      ask()
      await until(() => hearsB.parcels.length === 1)

      drop(b)
      await until(() => {
        ask() // what is faster than the word of the drop still arrives, or is lost
        return hearsA.undeliverable.length > 0
      })
      const firstGone = Number(hearsA.undeliverable[0]?.parcel.body)
      ask()
      await until(() => hearsA.undeliverable.length === asked - firstGone + 1)
      const gone = Array.from({ length: asked - firstGone + 1 }, (_, i) => question(firstGone + i))
      expect(hearsA.undeliverable).toMatchObject(gone.map((parcel) => ({ parcel, why: 'no-responder' })))

      await take(b)
      ask()
      await until(() => hearsB.parcels.at(-1)?.body === asked)
      const heard = hearsB.parcels.slice(0, -1)
      expect(heard).toEqual(heard.map((_, i) => question(i + 1)))
      expect(heard.length).toBeLessThan(firstGone)
    })

    test('when a system has dropped a name, then what it sends there itself is undeliverable at once', async () => {
      const names = await openedForNames()
      if (names === undefined) return
      const { a, hearsA, until, question, take, drop } = names
      await take(a)
      drop(a)
      drop(a) // twice is once
      a.send(question(1))
      await until(() => hearsA.undeliverable.length === 1)
      expect(hearsA.undeliverable).toMatchObject([{ parcel: question(1), why: 'no-responder' }])
      expect(hearsA.parcels).toEqual([])
    })

    test('when two systems hold one name, then both hear, until one of them drops it', async () => {
      const names = await openedForNames()
      if (names === undefined) return
      const { a, b, hearsA, hearsB, until, question, take, drop } = names
      await Promise.all([take(a), take(b)])
      await take(a) // twice is once
      a.send(question(1))
      await until(() => hearsA.parcels.length === 1 && hearsB.parcels.length === 1)
      b.send(question(2))
      await until(() => hearsA.parcels.length === 2 && hearsB.parcels.length === 2)

      drop(a)
      a.send(question(3))
      await until(() => hearsB.parcels.length === 3)
      expect(hearsB.parcels).toEqual([question(1), question(2), question(3)])
      expect(hearsA.parcels).toEqual([question(1), question(2)])
      expect(hearsA.undeliverable).toEqual([])
    })

    test('when a system that holds a name has closed, then nobody holds it', async () => {
      const names = await openedForNames()
      if (names === undefined) return
      const { a, b, hearsA, until, question, take } = names
      await take(b)
      await b.close()
      a.send(question(1))
      await until(() => hearsA.undeliverable.length === 1)
      expect(hearsA.undeliverable).toMatchObject([{ parcel: question(1), why: 'no-responder' }])
    })

    if (link === 'breaks') {
      test('when the link breaks in the middle, then order holds, nothing is repeated, and the end arrives', async () => {
        const { a, hearsA, hearsB, toB, until, breakLink, restoreLink } = await opened()
        assert(breakLink !== undefined && restoreLink !== undefined, 'a pair whose link breaks says how')
        let n = 0
        const send = () => a.send({ kind: 'tell', to: toB, body: n++ })
        for (let i = 0; i < 500; i++) send()
        await until(() => hearsB.parcels.length > 0)
        await breakLink()
        for (let i = 0; i < 100; i++) send()
        await until(() => hearsA.links.at(-1) === 'down' && hearsB.links.at(-1) === 'down')
        const firstWhileDown = n
        for (let i = 0; i < 100; i++) send()
        await until(() => hearsA.refused(firstWhileDown, n) === n - firstWhileDown)
        await restoreLink()
        await until(() => hearsA.links.at(-1) === 'up' && hearsB.links.at(-1) === 'up')
        // The other side may be back a little later: what is sent meanwhile may be lost, what it loses it may say.
        await until(() => {
          send()
          return (hearsB.numbers('tell').at(-1) ?? 0) > firstWhileDown
        })
        const numbers = hearsB.numbers('tell')
        expect(numbers).toEqual([...new Set(numbers)].sort((x, y) => x - y))
        const refused = new Set(hearsA.undeliverable.map(({ parcel }) => parcel.body))
        expect(numbers.filter((number) => refused.has(number))).toEqual([])
        expect(hearsA.undeliverable.find(({ parcel }) => parcel.body === firstWhileDown)?.why).toBe(
          'link-down',
        )
        expect(hearsA.links).toEqual(['down', 'up'])
      })
    }
  })
}

/** Keeps what a transport tells. */
class Receiver implements TransportReceiver {
  readonly parcels: Parcel[] = []
  readonly undeliverable: { readonly parcel: Parcel; readonly why: string }[] = []
  readonly links: ('up' | 'down')[] = []

  onParcel(parcel: Parcel): void {
    this.parcels.push(parcel)
  }

  onUndeliverable(parcel: Parcel, why: 'no-responder' | 'link-down'): void {
    this.undeliverable.push({ parcel, why })
  }

  onLink(state: 'up' | 'down'): void {
    this.links.push(state)
  }

  numbers(kind: 'tell' | 'frame'): number[] {
    return this.parcels.flatMap((parcel) => {
      if (parcel.kind !== kind) return []
      return [parcel.body instanceof Uint8Array ? numberOf(parcel.body) : (parcel.body as number)]
    })
  }

  /** How many of the numbers from … to were said to be lost. */
  refused(from: number, to: number): number {
    return this.undeliverable.filter(({ parcel }) => {
      const number = parcel.body as number
      return number >= from && number < to
    }).length
  }
}

function addressIn(system: SystemId): Address {
  return `${system}.actor` as Address
}

/** A frame that begins with `n`. */
function bytesOf(n: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 4; i < length; i++) bytes[i] = i % 251
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}
