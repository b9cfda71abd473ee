import * as v from 'valibot'
import { consoleSink, job, of, secret, state } from '#src/api/index.js'
import { kafka } from '#src/api/kafka.js'
import { postgres } from '#src/api/postgres.js'

const Order = v.object({
  orderId: v.string(),
  userId: v.string(),
  country: v.string(),
  cents: v.bigint(),
  items: v.array(v.object({ sku: v.string(), quantity: v.number(), cents: v.bigint() })),
  placedAt: v.number(),
  coupon: v.optional(v.string()),
})

const database = secret('database')

/** Thirty operators of every kind, one behind the other and side by side: what a large job asks of the compiler. */
export default job('thirty-operators', { checkpoint: { interval: '5s' } }, (flow) => {
  const orders = flow.from('orders', kafka.source({ brokers: 'a:1', topic: 'orders', schema: Order }))
  const valid = orders
    .filter((order) => order.cents > 0n)
    .filter((order) => order.items.length > 0)
    .map((order) => ({ ...order, day: Math.floor(order.placedAt / 86_400_000) }))
    .map(({ coupon, ...order }) => ({ ...order, hasCoupon: coupon !== undefined }))
  const items = valid
    .flatMap(({ orderId, userId, day, items }) => items.map((item) => ({ ...item, orderId, userId, day })))
    .filter((item) => item.quantity > 0)
    .map((item) => ({ ...item, total: item.cents * BigInt(item.quantity) }))

  const perSku = items.keyBy((item) => item.sku)
  perSku
    .sum('sku-cents', 'total')
    .map((item) => ({ sku: item.sku, cents: item.total }))
    .to(
      'skus',
      postgres.sink({
        database,
        table: 'skus',
        key: ['sku'],
        columns: { sku: { from: 'sku', type: 'text' }, cents: { from: 'cents', type: 'bigint' } },
      }),
    )
  perSku
    .count('sku-count')
    .filter(({ count }) => count % 100 === 0)
    .map(({ key, count }) => ({ sku: key, count }))
    .to('counts', consoleSink())
  perSku.max('sku-dearest', 'cents').to('dearest', consoleSink())
  perSku.min('sku-cheapest', 'cents').to('cheapest', consoleSink())

  const perUser = valid.keyBy((order) => [order.country, order.userId])
  const spent = perUser.process('spent', {
    state: { cents: state.value(0n), last: state.value(null as string | null) },
    *onRecord(order, ctx) {
      ctx.state.cents.update((cents) => cents + order.cents)
      ctx.state.last.set(order.orderId)
      yield { userId: order.userId, country: order.country, cents: ctx.state.cents.get() }
    },
    *onTimer(_, ctx) {
      yield { userId: ctx.key[1], country: ctx.key[0], cents: 0n }
    },
  })
  const first = perUser.process('first', {
    emits: of<{ userId: string; orderId: string }>(),
    state: { isKnown: state.value(false) },
    onRecord(order, ctx, emit) {
      if (!ctx.state.isKnown.get()) emit({ userId: order.userId, orderId: order.orderId })
      ctx.state.isKnown.set(true)
    },
  })
  perUser
    .reduce('newest', (held, order) => (order.placedAt > held.placedAt ? order : held), { combine: '20ms' })
    .map((order) => ({ userId: order.userId, orderId: order.orderId }))
    .union(first)
    .rebalance()
    .filter((order) => order.orderId !== '')
    .to('last', consoleSink())
  spent
    .map((row) => ({ ...row, isLarge: row.cents > 100_000n }))
    .filter((row) => row.isLarge)
    .keyBy((row) => row.country)
    .sum('country-cents', 'cents')
    .to(
      'countries',
      postgres.sink({
        database,
        table: 'countries',
        key: ['country'],
        columns: {
          country: { from: 'country', type: 'text' },
          cents: { from: 'cents', type: 'bigint' },
          user_id: { from: 'userId', type: 'text' },
          large: { from: 'isLarge', type: 'boolean' },
        },
        guarantee: 'at-least-once',
      }),
    )
})
