import { expect, test } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import type { Parcel } from '#src/actor/transport/transport.js'
import { UnseenParcels } from '#src/actor/transport/unseen-parcels.js'

const parcelOf = (body: number): Parcel => ({ kind: 'tell', to: 'there.x' as Address, body })

test('when a parcel was refused, then it is found by its number, once', () => {
  const unseen = new UnseenParcels()
  for (let number = 3; number <= 50; number++) unseen.add(number, parcelOf(number))
  expect(unseen.take(7)).toEqual(parcelOf(7))
  expect(unseen.take(7)).toBeUndefined()
  expect(unseen.take(50)).toEqual(parcelOf(50))
})

test('when the server has seen all up to a number, then those are forgotten and the others are not', () => {
  const unseen = new UnseenParcels()
  for (let number = 1; number <= 10; number++) unseen.add(number, parcelOf(number))
  unseen.forget(4)
  expect(unseen.take(4)).toBeUndefined()
  expect(unseen.take(5)).toEqual(parcelOf(5))
  unseen.forget(99)
  expect(unseen.take(10)).toBeUndefined()
  unseen.add(200, parcelOf(200))
  expect(unseen.take(200)).toEqual(parcelOf(200))
})

test('when a number was used for something else, then its neighbours keep theirs', () => {
  const unseen = new UnseenParcels()
  unseen.add(1, parcelOf(1))
  unseen.add(5, parcelOf(5))
  expect(unseen.take(3)).toBeUndefined()
  expect(unseen.take(5)).toEqual(parcelOf(5))
  expect(unseen.take(1)).toEqual(parcelOf(1))
})
