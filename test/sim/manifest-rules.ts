import { partsOfBlobName } from '#src/checkpoint/blob-name.js'
import type { Manifest } from '#src/checkpoint/manifest.js'

/**
 * What is wrong with the manifest of a checkpoint that was just decided, a line for each. It has one snapshot of every
 * subtask, and what those stored for it is of its own attempt: no word of an older one was counted.
 */
export function manifestFaults({ run, attempt, checkpoint, vertices, subtasks }: Manifest): string[] {
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
    for (const { keyed } of operators) {
      const of = keyed === undefined ? undefined : partsOfBlobName(keyed.part.blob)
      if (of !== undefined && (of.run !== run || of.attempt !== attempt || of.checkpoint !== checkpoint))
        faults.push(`names ${keyed?.part.blob}, of another attempt or checkpoint`)
    }
  }
  return faults.map((fault) => `checkpoint ${checkpoint} of attempt ${attempt} of ${run} ${fault}`)
}
