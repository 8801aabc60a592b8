import {
  type AppConfiguration,
  type AttributeType,
  columnOfAttribute,
  type DeclaredAttributes,
  readConfiguration,
} from '@darkroom/app-configuration'
import type { AppId } from '@darkroom/core'
import { type Column, type ImageColumn, imageColumns, type ScalarType, utcTimestamp } from './columns.ts'
import type { BaseView } from './views.ts'

/**
 * Of each view. What Glue stores of it is a third longer and may have 409,600, CloudFormation takes templates of 1 MB with both views,
 * and Athena statements of 262,144.
 */
const MAX_CHARACTERS = 200_000
/** Of a column's comment in Glue. */
const MAX_COMMENT = 255
const MAX_NAMED_APPS = 3

type Apps = AppConfiguration['apps']

/** The columns of `image_attributes` that are those of the image. */
const IMAGE_COLUMNS = [
  ...['app', 'dt', 'image_id', 'accepted_at', 'origin', 'status', 'failure_type', 'content_type', 'bytes'],
  'variants_bytes',
]

/**
 * The views of the attributes that apps declare. They read what clients have sent, when they are queried: a declaration is valid for
 * all images that are already there, and a value of another type is NULL in the column and still in `attributes`.
 *
 * @throws Error in words if the declarations are too many for a view
 */
export function attributeViews(apps: Apps = readConfiguration().apps): BaseView[] {
  const declarations = declarationsOf(apps)
  const columns = attributeColumns(declarations)
  const views = [wideView(declarations, columns), longView(declarations)]
  for (const { name, sql } of views) {
    if (sql.length <= MAX_CHARACTERS) continue
    throw new Error(
      `The attributes that apps declare make the view ${name} ${sql.length} characters long, and ${MAX_CHARACTERS} are possible. Declare fewer attributes, or attributes for fewer apps.`,
    )
  }
  return views
}

function wideView(declarations: Declaration[], columns: ImageColumn[]): BaseView {
  const own = columns.map(({ name, expression }) => `${expression} AS ${name}`)
  return {
    name: 'images_with_attributes',
    title: 'The images of images_now with a column for each attribute that an app declares',
    sql: `SELECT
  ${[...imageColumns().map(({ name }) => name), ...own].join(',\n  ')}
FROM (${declaredImages(declarations)}) AS image`,
    columns: [...imageColumns(), ...columns],
  }
}

function longView(declarations: Declaration[]): BaseView {
  const known = declarations.flatMap(({ attributes }, n) =>
    Object.entries(attributes).map(([name, { type }]) => `(${n + 1}, '${name}', '${type}')`),
  )
  const isOf = (type: AttributeType) => `WHEN '${type}' THEN ${typed('value', type)} IS NOT NULL`
  return {
    name: 'image_attributes',
    title: 'One row per image and attribute, declared or not, with what the app declares',
    sql: `SELECT
  ${[...IMAGE_COLUMNS, 'attribute', 'value', 'declared_type'].join(',\n  ')},
  CASE declared_type ${TYPES.map(isOf).join(' ')} END AS is_of_type
FROM (
  SELECT
    image.*,
    entry.attribute AS attribute,
    element_at(image.parsed, entry.attribute) AS value,
    known.type AS declared_type
  FROM (${declaredImages(declarations)}) AS image
  CROSS JOIN UNNEST(map_keys(image.parsed)) AS entry(attribute)
  LEFT JOIN (
    VALUES ${[NO_DECLARATION, ...known].join(', ')}
  ) AS known(declaration, name, type) ON known.declaration = image.declaration AND known.name = entry.attribute
) AS image`,
    columns: [
      ...IMAGE_COLUMNS.flatMap((column) => imageColumns().filter(({ name }) => name === column)),
      ...ATTRIBUTE_COLUMNS,
    ],
  }
}

const TYPES: AttributeType[] = ['string', 'number', 'boolean', 'time']
/** Of no app: a list of values must have one. */
const NO_DECLARATION = "(0, '', 'string')"

const ATTRIBUTE_COLUMNS: (Column & { type: ScalarType })[] = [
  { name: 'attribute', type: 'varchar', comment: 'The name of the attribute.' },
  { name: 'value', type: 'varchar', comment: 'Its value, as it was sent.' },
  {
    name: 'declared_type',
    type: 'varchar',
    comment:
      'What the app declares: string, number, boolean or time; NULL if it does not declare the attribute.',
  },
  {
    name: 'is_of_type',
    type: 'boolean',
    comment: 'Whether the value is of the declared type; if not, the column of the attribute is NULL.',
  },
]

/** The images with the number of their app's declaration, and their attributes as a map. */
function declaredImages(declarations: Declaration[]): string {
  const cases = declarations.map(
    ({ apps }, n) => `WHEN app IN (${apps.map((app) => `'${app}'`).join(', ')}) THEN ${n + 1}`,
  )
  return `
    SELECT
      now.*,
      ${cases.length === 0 ? 'CAST(NULL AS bigint)' : `CASE ${cases.join(' ')} END`} AS declaration,
      CAST(json_parse(attributes) AS map(varchar, varchar)) AS parsed
    FROM images_now AS now
  `
}

/** Apps that declare the same attributes. Each app is in the text of a view once, however many attributes it has. */
interface Declaration {
  apps: AppId[]
  attributes: DeclaredAttributes
}

function declarationsOf(apps: Apps): Declaration[] {
  const groups = new Map<string, Declaration>()
  for (const [app, { attributes = {} }] of Object.entries(apps)) {
    if (Object.keys(attributes).length === 0) continue
    const key = JSON.stringify(
      Object.entries(attributes)
        .map(([name, { type }]) => [name, type])
        .toSorted(),
    )
    const group = groups.get(key)
    if (group) group.apps.push(app)
    else groups.set(key, { apps: [app], attributes })
  }
  return [...groups.values()]
}

interface Source {
  declaration: number
  attribute: string
  type: AttributeType
  apps: AppId[]
  description: string | undefined
}

/** The columns of `images_with_attributes` besides those of `images_now`, sorted by name. */
function attributeColumns(declarations: Declaration[]): ImageColumn[] {
  const sources = declarations.flatMap(({ apps, attributes }, n) =>
    Object.entries(attributes).map(
      ([attribute, { type, description }]): Source => ({
        declaration: n + 1,
        attribute,
        type,
        apps,
        description,
      }),
    ),
  )
  const columns = Map.groupBy(sources, ({ attribute, type }) => columnOfAttribute(attribute, type))
  return [...columns].toSorted().map(([name, own]) => ({
    name,
    type: SQL_TYPES[own[0]?.type ?? 'string'],
    comment: commentOf(own),
    expression: typed(textOf(own), own[0]?.type ?? 'string'),
  }))
}

export const SQL_TYPES: Record<AttributeType, ScalarType> = {
  string: 'varchar',
  number: 'double',
  boolean: 'boolean',
  time: 'timestamp(6)',
}

/** The text of an attribute, which apps can write as `order-id` and as `order_id`. */
function textOf(sources: Source[]): string {
  const cases = [...Map.groupBy(sources, ({ attribute }) => attribute)].map(
    ([attribute, own]) =>
      `WHEN declaration IN (${own.map(({ declaration }) => declaration).join(', ')}) THEN element_at(parsed, '${attribute}')`,
  )
  return `CASE ${cases.join(' ')} END`
}

/** As in JSON, but also with zeros in front. Athena and DuckDB read more than that, and not the same. */
const NUMBER = String.raw`^-?[0-9]{1,200}(\.[0-9]{1,200})?([eE][+-]?[0-9]{1,2})?\z`
/** RFC 3339, and a date, which is its midnight in UTC. */
const TIME = String.raw`^[12][0-9]{3}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]))?\z`

/** SQL: the value of a text, or NULL if it is of another type. Where a pattern does not match, Athena has NULL and DuckDB ''. */
function typed(text: string, type: AttributeType): string {
  if (type === 'number') return `TRY_CAST(regexp_extract(${text}, '${NUMBER}') AS double)`
  if (type === 'boolean') return `CASE ${text} WHEN 'true' THEN true WHEN 'false' THEN false END`
  if (type === 'time')
    return `TRY(date_trunc('millisecond', ${utcTimestamp(`regexp_extract(${text}, '${TIME}')`)}))`
  return text
}

/** `The attribute "rating" of shop, press and 12 more apps: One to five stars.` */
function commentOf(sources: Source[]): string {
  const apps = sources.flatMap((source) => source.apps)
  const more = apps.length - MAX_NAMED_APPS
  const named = `${apps.slice(0, MAX_NAMED_APPS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  const names = [...new Set(sources.map(({ attribute }) => `"${attribute}"`))].join(' and ')
  const description = sources.find(({ description }) => description !== undefined)?.description
  const comment = `The attribute ${names} of ${named}${description === undefined ? '.' : `: ${description}`}`
  return comment.length <= MAX_COMMENT ? comment : `${comment.slice(0, MAX_COMMENT - 1).toWellFormed()}…`
}
