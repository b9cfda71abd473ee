import type { NodeRole } from '../../actors/cluster-view.js'
import type { NodeEvent } from '../../actors/node-process.js'
import { assertNever } from '../kit/assert.js'
import type { Clock } from '../kit/clock.js'
import type { LogFields, Logger } from '../kit/logger.js'
import { version } from '../kit/version.js'
import { errorLines } from './error-text.js'
import { plainText } from './palette.js'
import { shownPath } from './shown-path.js'
import type { Terminal } from './terminal.js'
import { timeOfDay } from './time-of-day.js'
import { counted, durationText } from './units.js'

export interface NodeVoiceOptions {
  readonly terminal: Terminal
  readonly clock: Clock
  /** Everything is a line of this log, for machines; undefined: lines for people. */
  readonly logger: Logger | undefined
}

export interface Introduction {
  readonly name: string
  readonly roles: readonly NodeRole[]
  readonly slots: number
  /** The cluster, and where it is. */
  readonly shown: string
  readonly directory: string | undefined
}

type Mark = '✔' | '…' | '!' | '·' | '■'

/** What a node says of itself while it lives, to whoever runs it. */
export class NodeVoice {
  readonly #options: NodeVoiceOptions

  constructor(options: NodeVoiceOptions) {
    this.#options = options
  }

  begins({ name, roles, slots, shown, directory }: Introduction): void {
    const parts = [
      `retake ${version()}`,
      `node ${name}`,
      roles.length > 1 ? 'all roles' : roles.join(),
      ...(slots === 0 ? [] : [counted(slots, 'slot', 'slots')]),
      shown,
      ...(directory === undefined ? [] : [`state in ${shownPath(directory)}`]),
    ]
    const { logger, terminal } = this.#options
    if (logger !== undefined) logger.info({ name, roles, slots, version: version() }, parts.join(' · '))
    else terminal.talk(terminal.palette.strong(parts.join(' · ')))
  }

  on(event: NodeEvent): void {
    const { palette } = this.#options.terminal
    switch (event.type) {
      case 'waiting':
        return this.#say('…', `waiting: ${event.reason}`, { ...event })
      case 'back':
        return this.#say('✔', 'the job manager answers again', { ...event })
      case 'leads':
        return this.#say('✔', 'leads the cluster', { ...event })
      case 'stands-by':
        return this.#say('·', `stands by: ${event.leader} leads`, { ...event })
      case 'ready':
        return this.#say('✔', `ready after ${durationText(event.tookMs)}, as ${event.node}`, { ...event })
      case 'lost':
        return this.#say('!', LOST[event.reason], { ...event })
      case 'warning':
        return this.#say('!', errorLines(event.error, palette).join('\n'), { ...event })
      case 'draining':
        return this.#say('·', `draining: ${counted(event.held, 'slot', 'slots')} still held`, { ...event })
      case 'drained':
        return this.#say('✔', `drained after ${durationText(event.tookMs)}, bye`, { ...event })
      default:
        return assertNever(event)
    }
  }

  leaves(order: 'interrupt' | 'terminate', withinMs: number): void {
    const signal = order === 'interrupt' ? 'SIGINT' : 'SIGTERM'
    const text = `${signal}: leaving within ${durationText(withinMs)}; a second signal ends it at once`
    this.#say('·', text, { signal, withinMs })
  }

  isCutShort(why: 'told twice' | 'took too long'): void {
    const reason = why === 'told twice' ? 'a second signal' : 'draining took too long'
    const text = `${reason}: ended at once. Nothing durable is lost: its jobs go on from their newest checkpoints`
    this.#say('■', text, { why })
  }

  #say(mark: Mark, text: string, fields: LogFields): void {
    const { terminal, clock, logger } = this.#options
    const { palette } = terminal
    if (logger !== undefined) {
      logger[mark === '!' || mark === '■' ? 'warn' : 'info'](fields, plainText(text))
      return
    }
    const painted = mark === '✔' ? palette.good(mark) : palette.notice(mark)
    terminal.talk(`${palette.faint(timeOfDay(clock.wallTime()))} ${painted} ${text}`)
  }
}

const LOST = {
  evicted:
    'was taken for dead: all that it ran is stopped, and goes on elsewhere; it comes back as a new one',
  fenced: 'heard nobody for too long: all that it ran is stopped; it comes back when it is heard again',
} as const
