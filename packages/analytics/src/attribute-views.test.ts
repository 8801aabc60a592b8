import { ATTRIBUTE_TYPES, type AttributeType } from '@darkroom/app-configuration'
import { describe, expect, test } from '@jest/globals'
import { attributeViews } from './attribute-views.ts'

const app = (n: number) => `customer-${n * 7919}`
const declaring = (count: number, attributes: (n: number) => Record<string, AttributeType>) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => {
      const own = Object.entries(attributes(n)).map(([name, type]) => [
        name,
        { type, description: 'd'.repeat(200) },
      ])
      return [app(n), { attributes: Object.fromEntries(own) }]
    }),
  )
const typeOf = (n: number) => ATTRIBUTE_TYPES[n % ATTRIBUTE_TYPES.length] ?? 'string'

/** What Glue stores of a view, without the comment around it. https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html */
const MAX_VIEW_TEXT = 409_600
const storedLength = ({ sql, columns }: ReturnType<typeof attributeViews>[number]) => {
  const definition = { originalSql: sql, columns: columns.map(({ name, type }) => ({ name, type })) }
  return Buffer.from(JSON.stringify(definition)).toString('base64').length
}

describe('with many apps', () => {
  test('5,000 that declare the same attributes, with different types, are in one view', () => {
    const apps = declaring(5_000, (n) => ({ sku: 'string', 'order-id': typeOf(n), rating: typeOf(n + 1) }))
    const [wide, long] = attributeViews(apps)
    expect(wide?.columns.filter(({ name }) => name.startsWith('attr_'))).toHaveLength(9)
    for (const view of [wide, long]) if (view) expect(storedLength(view)).toBeLessThan(MAX_VIEW_TEXT / 2)
  })

  test('500 attributes with the longest names are within the limits of Glue', () => {
    const apps = declaring(500, (n) => ({ [`${String(n).padStart(4, '0')}-${'a'.repeat(59)}`]: typeOf(n) }))
    for (const view of attributeViews(apps)) {
      expect(storedLength(view)).toBeLessThan(MAX_VIEW_TEXT)
      for (const { name, comment } of view.columns) {
        expect(name.length).toBeLessThanOrEqual(255)
        expect(comment.length).toBeLessThanOrEqual(255)
      }
    }
  })

  test('more than fit into a view are refused in words, before Glue and CloudFormation would', () => {
    const apps = (count: number) => declaring(count, () => ({ sku: 'string' }))
    const most = attributeViews(apps(9_000))
    for (const view of most) expect(storedLength(view)).toBeLessThan(MAX_VIEW_TEXT)
    expect(() => attributeViews(apps(10_000))).toThrow(
      /^The attributes that apps declare .* 200000 are possible\./,
    )
  })
})

test('the column of an attribute names its apps and what they say it is, and no more than fits', () => {
  const string = { type: 'string' as const }
  const apps = {
    shop: { attributes: { sku: { ...string, description: 'The article.' } } },
    press: { attributes: { sku: string } },
    one: { attributes: { sku: { ...string, description: 'Something else.' } } },
    two: { attributes: { sku: string, note: { ...string, description: '🌅'.repeat(100) } } },
  }
  const comments = Object.fromEntries(
    attributeViews(apps)[0]?.columns.map(({ name, comment }) => [name, comment]) ?? [],
  )
  expect(comments.attr_sku).toBe('The attribute "sku" of shop, press, one and 1 more: The article.')
  expect(comments.attr_note).toBe(`The attribute "note" of two: ${'🌅'.repeat(100)}`)
})
