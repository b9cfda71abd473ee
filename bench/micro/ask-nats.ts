import type { ActorRef, Address } from '#src/actor/actor.js'
import type { SystemId } from '#src/kit/ids.js'
import { answerRequests, requests } from '../peers/raw-nats.js'
import { apart } from '../suite/apart.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { Asker, Doubler, type Question } from './ask.js'
import { secondsOf } from './contenders.js'
import { natsContest } from './nats-contest.js'
import { startPartner } from './partner.js'
import { natsSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

/** How many questions are unanswered at any time: alone, where only the way counts, and enough to fill it. */
const IN_FLIGHT = [1, 64]
/** What a question of the actors has on the wire: header, address of the asker, body. An answer has 15 less. */
const RAW_BYTES = 44

export const askNats: Benchmark = {
  name: 'ask-nats',
  question: 'How many questions a second does an actor ask one in another process, over NATS?',
  unit: 'asks',
  prepare(scale) {
    const lines = IN_FLIGHT.flatMap((inFlight) =>
      KINDS.map((kind) => ({ kind, inFlight, name: nameOf(kind, inFlight) })),
    )
    return natsContest(
      lines.map(({ name }) => name),
      ({ url, pid: natsPid }) => ({
        configuration: { rawBytes: RAW_BYTES },
        contenders: lines.map(({ kind, inFlight, name }) => ({
          name,
          measure: () =>
            apart<Input>(import.meta.url, { kind, inFlight, url, natsPid, seconds: 2 * secondsOf(scale) }),
        })),
        targets: IN_FLIGHT.map((inFlight) => ({
          kind: 'ratio',
          of: nameOf('retake', inFlight),
          over: nameOf('raw NATS', inFlight),
          aim: 0.8,
          floor: 0.3,
        })),
      }),
    )
  },
}

const KINDS = ['retake', 'raw NATS'] as const
type Kind = (typeof KINDS)[number]

interface Input {
  readonly kind: Kind
  readonly inFlight: number
  readonly url: string
  readonly natsPid: number | undefined
  readonly seconds: number
}

function nameOf(kind: Kind, inFlight: number): string {
  return `${kind}, ${inFlight} in flight`
}

export async function measure(input: Input): Promise<Sample> {
  const { kind, seconds, natsPid } = input
  const partner = await startPartner(import.meta.url, input)
  const round = await (kind === 'retake' ? retakeAsks(input) : rawAsks(input))
  return steadyState(seconds, round, natsPid === undefined ? [partner.pid] : [partner.pid, natsPid])
}

/** The other process. */
export async function serve({ kind, url }: Input): Promise<void> {
  if (kind === 'retake') (await natsSystem(ANSWERER, url)).spawn('doubler', new Doubler())
  else await answerRequests(url, SUBJECT, RAW_BYTES)
}

async function retakeAsks({ url, inFlight }: Input): Promise<Round> {
  const system = await natsSystem('asker' as SystemId, url)
  const doubler: ActorRef<Question> = { address: `${ANSWERER}.doubler` as Address }
  const questions = questionsOf(inFlight)
  return roundOf(questions, (done) => {
    const asker = system.spawn('asker', new Asker(doubler, { questions, inFlight }, done))
    return () => system.send(asker, { type: 'begin' })
  })
}

function rawAsks({ url, inFlight }: Input): Promise<Round> {
  return requests(url, SUBJECT, RAW_BYTES, questionsOf(inFlight), inFlight)
}

const ANSWERER = 'answerer' as SystemId
const SUBJECT = 'bench.answerer.doubler'

/** Of a round. */
function questionsOf(inFlight: number): number {
  return inFlight * 100
}
