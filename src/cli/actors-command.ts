import type { ThreadActors } from '../../actors/cluster-view.js'
import type { ActorSnapshot } from '../actor/actor-snapshot.js'
import { actorsIn, matching, namesOf, threadText } from './actor-tree.js'
import { type ClusterCommand, clusterCommand, isJson, LOOKS } from './cluster-command.js'
import { jsonText, threadJson } from './cluster-json.js'
import { didYouMean } from './did-you-mean.js'
import { EXIT } from './exit-code.js'
import { noteLine, warningLine } from './progress-line.js'
import { counted } from './units.js'

export const actors: ClusterCommand = async ({ cluster, invocation, terminal, waiting }) => {
  const all = await waiting('asking every thread for its actors', cluster.actors())
  const filter = invocation.optionalArgument(0)
  const threads = filter === undefined ? all : all.flatMap((thread) => matching(thread, filter))
  if (isJson(invocation)) terminal.data(jsonText({ threads: threads.map(threadJson) }))
  else terminal.data(threads.map((thread) => threadText(thread, terminal.palette)).join('\n'))
  if (filter !== undefined && threads.length === 0) {
    const meant = didYouMean(filter, actorsOf(all).flatMap(namesOf))
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
    terminal.talk(warningLine(terminal, `no actor is named like ${JSON.stringify(filter)}${hint}`))
    return EXIT.notFound
  }
  const actorCount = counted(actorsOf(threads).length, 'actor', 'actors')
  terminal.talk(noteLine(terminal, `${actorCount} in ${counted(threads.length, 'thread', 'threads')}`))
  return EXIT.ok
}

export const actorsCommand = clusterCommand(actors, LOOKS)

function actorsOf(threads: readonly ThreadActors[]): ActorSnapshot[] {
  return threads.flatMap(({ tree }) => [...actorsIn(tree)])
}
