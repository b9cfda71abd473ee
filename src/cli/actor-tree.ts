import type { ThreadActors } from '../../actors/cluster-view.js'
import type { ActorSnapshot } from '../actor/actor-snapshot.js'
import { reasonText } from './job-view.js'
import type { Palette } from './palette.js'
import { clipped, type TableRow, tableText } from './table.js'
import { countText, durationText } from './units.js'

/**
 * The actors of one thread as a tree below the thread's name, each with what waits for it:
 *
 *     node-a, main thread
 *     ACTOR                   STATE    MAIL  OLDEST  RESTARTS  DOING
 *     node                    running     0       -         0  waiting for messages
 *     ├─ job-manager          running     2   12 ms         0  waiting for a turn
 *     │  └─ resource-manager  running     0       -         0  waiting for messages
 *     └─ task-manager-0       running     0       -         1  waiting for messages
 */
export function threadText(thread: ThreadActors, palette: Palette): string {
  const { name, slot, tree } = thread
  const place = slot === undefined ? 'main thread' : `slot ${slot}`
  const rows = tree.children.flatMap((actor) => rowsOf(actor, '', '', palette))
  return `${palette.strong(name)}, ${place}\n${tableText(COLUMNS, rows, palette)}`
}

/** The thread without the actors that have nothing to do with `filter`: none that is named so lies on their way. */
export function matching(thread: ThreadActors, filter: string): ThreadActors[] {
  const children = thread.tree.children.flatMap((actor) => pruned(actor, filter.toLowerCase()))
  return children.length === 0 ? [] : [{ ...thread, tree: { ...thread.tree, children } }]
}

/** All in the tree, without its root: that is the thread. */
export function* actorsIn({ children }: ActorSnapshot): Generator<ActorSnapshot> {
  for (const child of children) {
    yield child
    yield* actorsIn(child)
  }
}

/** What it may be called: its name, and each of its operators. */
export function namesOf(actor: ActorSnapshot): string[] {
  return [nameOf(actor), ...(aboutText(actor.about)?.split(' → ') ?? [])]
}

function nameOf({ address }: ActorSnapshot): string {
  return address.slice(address.lastIndexOf('.') + 1)
}

const COLUMNS = [
  { title: 'ACTOR' },
  { title: 'STATE' },
  { title: 'MAIL', isNumber: true },
  { title: 'OLDEST', isNumber: true },
  { title: 'RESTARTS', isNumber: true },
  { title: 'DOING' },
] as const
/** Mail that has waited so long is worth a look. */
const OLD_MS = 1_000
const ACTOR_WIDTH = 44
const ERROR_WIDTH = 80

/** @param lead stands before its own line, @param below before what is below it */
function rowsOf(actor: ActorSnapshot, lead: string, below: string, palette: Palette): TableRow[] {
  const { state, system, control, oldestMs, restarts, doing, children, lastError } = actor
  const about = aboutText(actor.about)
  const room = ACTOR_WIDTH - lead.length - nameOf(actor).length - 1
  const label = about === undefined ? '' : ` ${palette.faint(clipped(about, Math.max(8, room)))}`
  const oldest = durationText(oldestMs)
  const cells = [
    `${palette.faint(lead)}${nameOf(actor)}${label}`,
    state === 'running' ? palette.good(state) : palette.notice(state),
    countText(system + control),
    oldestMs === 0 ? undefined : oldestMs > OLD_MS ? palette.notice(oldest) : oldest,
    restarts === 0 ? '0' : palette.notice(String(restarts)),
    doing,
  ]
  const failed =
    lastError === undefined ? [] : [palette.bad(`✘ ${clipped(reasonText(lastError), ERROR_WIDTH)}`)]
  const last = children.length - 1
  return [
    { cells, below: failed.map((line) => `${palette.faint(below)}${line}`) },
    ...children.flatMap((child, index) =>
      rowsOf(
        child,
        `${below}${index === last ? '└─ ' : '├─ '}`,
        `${below}${index === last ? '   ' : '│  '}`,
        palette,
      ),
    ),
  ]
}

/** What an actor says of itself in a few words: the operators of a subtask, the job of a job master. */
function aboutText(about: unknown): string | undefined {
  if (typeof about === 'string') return about
  if (typeof about !== 'object' || about === null) return undefined
  const { vertex, job } = about as { readonly vertex?: unknown; readonly job?: unknown }
  return [vertex, job].find((text) => typeof text === 'string') as string | undefined
}

function pruned(actor: ActorSnapshot, filter: string): ActorSnapshot[] {
  if (namesOf(actor).some((name) => name.toLowerCase().includes(filter))) return [actor]
  const children = actor.children.flatMap((child) => pruned(child, filter))
  return children.length === 0 ? [] : [{ ...actor, children }]
}
