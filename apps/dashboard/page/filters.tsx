import { MAX_VALUES } from '../src/attributes-file.ts'
import { attributeLabel } from './format.ts'
import type { Reading } from './get-figures.ts'
import { attributesOf, lastDays, presetOf, RANGES, type Selection, todayOf } from './selection.ts'

interface FiltersProps {
  reading: Reading
  selection: Selection
  onSelect(selection: Selection): void
}

/** Selects the app, a value of one of its attributes, and the days. */
export function Filters({ reading, selection, onSelect }: FiltersProps) {
  const today = todayOf(reading)
  const preset = presetOf(selection, today)
  const day = (end: 'from' | 'to', label: string) => (
    <label>
      {label}
      <input
        type="date"
        value={selection[end]}
        min={end === 'from' ? reading.since : selection.from}
        max={end === 'to' ? today : selection.to}
        onChange={({ currentTarget }) => {
          if (currentTarget.validity.valid && currentTarget.value)
            onSelect({ ...selection, [end]: currentTarget.value })
        }}
      />
    </label>
  )
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        App
        <select
          value={selection.app}
          onChange={({ currentTarget }) =>
            onSelect({ ...selection, app: currentTarget.value, attribute: undefined })
          }
        >
          <option value="">All</option>
          {appsOf(reading, selection).map((app) => (
            <option key={app}>{app}</option>
          ))}
        </select>
      </label>
      <AttributeFilter reading={reading} selection={selection} onSelect={onSelect} />
      <fieldset>
        <legend class="visually-hidden">Days</legend>
        {RANGES.map((days) => (
          <label key={days}>
            <input
              type="radio"
              name="days"
              checked={days === preset}
              onChange={() => onSelect({ ...selection, ...lastDays(days, today) })}
            />
            <span>{days} days</span>
          </label>
        ))}
      </fieldset>
      <div class="days">
        {day('from', 'From')}
        {day('to', 'To')}
      </div>
    </form>
  )
}

/** The declared attributes of the selected app, with their most frequent values. */
function AttributeFilter({ reading, selection, onSelect }: FiltersProps) {
  const attributes = [...attributesOf(reading, selection.app)]
  if (attributes.length === 0) return null
  return (
    <label>
      Attribute
      <select
        value={selection.attribute ? keyOf(selection.attribute) : ''}
        onChange={({ currentTarget }) =>
          onSelect({ ...selection, attribute: attributeOf(currentTarget.value) })
        }
      >
        <option value="">Any</option>
        {attributes.map(([name, values]) => (
          <optgroup key={name} label={values.length < MAX_VALUES ? name : `${name}, most frequent`}>
            {values.map((value) => (
              <option key={value} value={keyOf({ name, value })}>
                {attributeLabel({ name, value })}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  )
}

type Attribute = NonNullable<Selection['attribute']>

/** No name contains "=". */
const keyOf = ({ name, value }: Attribute) => `${name}=${value}`

function attributeOf(key: string): Attribute | undefined {
  const end = key.indexOf('=')
  return end < 0 ? undefined : { name: key.slice(0, end), value: key.slice(end + 1) }
}

function appsOf({ views }: Reading, { app }: Selection): string[] {
  const apps = new Set(views.images_by_hour.map((row) => row.app))
  if (app) apps.add(app)
  return [...apps].toSorted()
}
