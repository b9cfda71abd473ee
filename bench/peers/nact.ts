import { dispatch, query, type Ref, spawn, spawnStateless, start } from 'nact'
import { lotOf, SIZES } from '../micro/actor-sizes.js'
import { type Round, roundOf } from '../micro/steady-state.js'

/** The actor benchmarks written for nact as its documentation writes actors: functions from state and message to state. */

export function tells(): Round {
  const { messages, burst } = SIZES.tell
  return roundOf(messages, (done) => {
    const system = start()
    type Count = { readonly type: 'increment'; readonly by: number } | { readonly type: 'counted' }
    const counter: Ref<Count> = spawn(
      system,
      (count: number, message: Count) => {
        if (message.type === 'increment') return count + message.by
        dispatch(producer, { type: 'go-on' })
        return count
      },
      'counter',
      { initialState: 0 },
    )
    const producer: Ref<{ readonly type: 'go-on' }> = spawn(
      system,
      (left: number, _message: { readonly type: 'go-on' }) => {
        if (left === 0) {
          done()
          return messages
        }
        for (let i = 0; i < burst; i++) dispatch(counter, { type: 'increment', by: 1 })
        dispatch(counter, { type: 'counted' })
        return left - burst
      },
      'producer',
      { initialState: messages },
    )
    return () => dispatch(producer, { type: 'go-on' })
  })
}

export function pingPong(): Round {
  const { messages } = SIZES.pingPong
  return roundOf(messages, (done) => {
    const players = passers(2, done)
    return () => dispatch(players[0]!, { left: messages })
  })
}

export function threadRing(): Round {
  const { actors, messages } = SIZES.threadRing
  return roundOf(messages, (done) => {
    const links = passers(actors, done)
    return () => dispatch(links[0]!, { left: messages })
  })
}

export function forkJoin(): Round {
  const { actors, messagesEach } = SIZES.forkJoin
  return roundOf(actors * messagesEach, (done) => {
    const system = start()
    let ended = 0
    const workers = Array.from({ length: actors }, (_, i) =>
      spawn(
        system,
        (state: { readonly taken: number; readonly sum: number }, { x }: { readonly x: number }) => {
          const taken = state.taken + 1
          if (taken % messagesEach === 0 && ++ended % actors === 0) done()
          return { taken, sum: state.sum + x }
        },
        `worker-${i}`,
        { initialState: { taken: 0, sum: 0 } },
      ),
    )
    return () => {
      for (let x = 0; x < messagesEach; x++) for (const worker of workers) dispatch(worker, { x })
    }
  })
}

export function big(): Round {
  const { actors, pingsEach } = SIZES.big
  type Message = { readonly type: 'begin' | 'pong' } | { readonly type: 'ping'; readonly from: Ref<Message> }
  return roundOf(actors * pingsEach * 2, (done) => {
    const system = start()
    let ended = 0
    const peers: Ref<Message>[] = []
    for (let index = 0; index < actors; index++) {
      const play = (pings: number, message: Message, { self }: { readonly self: Ref<Message> }): number => {
        if (message.type === 'ping') {
          dispatch(message.from, { type: 'pong' })
          return pings
        }
        const sent = message.type === 'begin' ? 0 : pings
        if (sent < pingsEach) {
          dispatch(peers[lotOf(index, sent)]!, { type: 'ping', from: self })
          return sent + 1
        }
        if (++ended % actors === 0) done()
        return sent
      }
      peers.push(spawn(system, play, `peer-${index}`, { initialState: 0 }))
    }
    return () => {
      for (const peer of peers) dispatch(peer, { type: 'begin' })
    }
  })
}

export function asks(): Round {
  const { questions, inFlight } = SIZES.ask
  const system = start()
  interface Question {
    readonly x: number
    readonly asker: Ref<number>
  }
  const doubler = spawnStateless(system, ({ x, asker }: Question) => dispatch(asker, x * 2), 'doubler')
  return async () => {
    let asked = 0
    const askOn = async () => {
      while (asked < questions) {
        const x = asked++
        await query(doubler, (asker: Ref<number>): Question => ({ x, asker }), 10_000)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, askOn))
    return questions
  }
}

/** Actors that pass a token on, the last to the first. */
function passers(actors: number, done: () => void): Ref<Token>[] {
  const system = start()
  const refs: Ref<Token>[] = []
  for (let i = 0; i < actors; i++) {
    const pass = ({ left }: Token) => {
      if (left === 1) done()
      else dispatch(refs[(i + 1) % actors]!, { left: left - 1 })
    }
    refs.push(spawnStateless(system, pass, `passer-${i}`))
  }
  return refs
}

interface Token {
  readonly left: number
}
