import { placed, RetakeError } from '../kit/errors.js'
import { userPlaceIn } from '../kit/stack-frames.js'

/** Whose failure it is: the operator's id and `file:line` of the user's call. */
interface End {
  readonly kind: 'source' | 'sink'
  readonly operator: string
  readonly where: string
}

/** What a source or sink threw, with the line of the user's call; RT1601 where it comes from the user's own code. */
export function toldFailure(thrown: unknown, { kind, operator, where }: End): unknown {
  if (!(thrown instanceof Error) || thrown instanceof RetakeError) return placed(thrown, where)
  const place = userPlaceIn(thrown.stack)
  if (place === undefined) return thrown
  return new RetakeError('RT1601', {
    what: `the code of the ${kind} ${JSON.stringify(operator)} threw`,
    why: `${thrown.name}: ${thrown.message}`,
    fix: `correct the code at ${place}`,
    where,
    cause: thrown,
  })
}
