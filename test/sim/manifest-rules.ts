import { partsOfBlobName } from '#src/checkpoint/blob-name.js'
import type { Manifest } from '#src/checkpoint/manifest.js'

/**
 * What is wrong with the manifest of a checkpoint that was just decided, a line for each. It has one snapshot of every
 * subtask, and what those stored for it is of its own attempt: no word of an older one was counted. A split that the
 * coordinator of a source knows is read by one subtask, and no subtask reads another.
 */
export function manifestFaults(manifest: Manifest): string[] {
  const { run, attempt, checkpoint, vertices, subtasks } = manifest
  // Checkpoint 0, and what a run adopted: nobody has acknowledged them.
  if (attempt === 0) return []
  const wanted = vertices.flatMap(({ index, parallelism }) =>
    Array.from({ length: parallelism }, (_, subtask) => `${index}-${subtask}`),
  )
  const there = subtasks.map(({ vertex, subtask }) => `${vertex}-${subtask}`)
  const faults = wanted.filter((id) => !there.includes(id)).map((id) => `lacks subtask ${id}`)
  if (there.length !== wanted.length)
    faults.push(`has ${there.length} snapshots of ${wanted.length} subtasks`)
  for (const { operators } of subtasks) {
    for (const { part } of operators.flatMap(({ keyed }) => keyed ?? [])) {
      const of = partsOfBlobName(part.blob)
      if (of !== undefined && (of.run !== run || of.attempt !== attempt || of.checkpoint !== checkpoint))
        faults.push(`names ${part.blob}, of another attempt or checkpoint`)
    }
  }
  faults.push(...splitFaults(manifest))
  return faults.map((fault) => `checkpoint ${checkpoint} of attempt ${attempt} of ${run} ${fault}`)
}

function splitFaults({ sources, subtasks }: Manifest): string[] {
  const operators = subtasks.flatMap(({ operators }) => operators)
  return sources.flatMap(({ source, splits }) => {
    const known = splits.map(({ split }) => split)
    const read = operators
      .filter(({ operator }) => operator === source)
      .flatMap(({ splits = [] }) => splits.map(({ split }) => split))
    const unread = known.filter((split) => !read.includes(split))
    const unknown = read.filter((split) => !known.includes(split))
    const twice = read.filter((split, index) => read.indexOf(split) !== index)
    return [
      ...unread.map((split) => `has nobody who reads ${split} of ${source}`),
      ...unknown.map((split) => `has ${split} of ${source}, of which its coordinator does not know`),
      ...twice.map((split) => `has ${split} of ${source} twice`),
    ]
  })
}
