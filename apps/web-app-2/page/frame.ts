import { cameraOf, formatBytes, formatChange, formatTime } from '@darkroom/page/format'
import { announce, element } from './document.ts'
import type { Picture } from './server.ts'

/** The states of a picture, in order. Each is a bar of the frame's progress strip. */
const STEPS = ['uploading', 'developing', 'ready']

const SIZES = '(max-width: 40rem) 100vw, 24rem'
const SLOW_MS = 10_000

interface FrameOptions {
  name: string
  bytes?: number | undefined
  note?: string
  /** A picture that was chosen on this page. */
  file?: Blob
}

/** A picture on the page, from the chosen file to the developed image or the error. */
export type Frame = ReturnType<typeof createFrame>

export function createFrame({ name, bytes, note = '', file }: FrameOptions) {
  const addedAt = performance.now()
  const preview = file && URL.createObjectURL(file)
  const img = element('img', { alt: '', decoding: 'async' })
  const picture = element('a', { className: 'picture' }, img)
  const words = element('span')
  const facts = element('p', { className: 'facts' }, bytes === undefined ? '' : formatBytes(bytes))
  const remark = element('p', { className: 'remark', dir: 'auto', hidden: !note }, note)
  const strip = element('span', { className: 'strip' }, ...STEPS.map(() => element('i')))
  const details = element('div', { className: 'details' })
  const state = element('p', { className: 'state' }, words)
  const caption = element(
    'div',
    { className: 'caption' },
    element('h3', { dir: 'auto' }, name),
    state,
    strip,
    remark,
    facts,
    details,
  )
  const frame = element('article', { className: 'frame' }, picture, caption)
  let slow: ReturnType<typeof setTimeout> | undefined
  frame.setAttribute('aria-label', name)
  strip.setAttribute('aria-hidden', 'true')
  img.onerror = () => picture.classList.add('blank')
  if (preview) img.src = preview
  else picture.classList.add('blank')

  function setState(state: string, text: string, isAnnounced = true) {
    clearTimeout(slow)
    frame.dataset.state = state
    words.textContent = text
    const step = STEPS.indexOf(state)
    for (const [index, bar] of [...strip.children].entries()) bar.className = barClass(index, step)
    if (isAnnounced) announce(`${name}: ${text}`)
  }

  function showProblem(title: string, detail: string, ...buttons: HTMLButtonElement[]) {
    setState('failed', title, false)
    announce(`${name}: ${detail}`)
    const choices = element('p', { className: 'choices' }, ...buttons)
    details.replaceChildren(element('p', { className: 'problem' }, detail), choices)
  }

  function button(text: string, onclick: () => void, className = 'quiet') {
    const made = element('button', { type: 'button', className, onclick }, text)
    made.setAttribute('aria-label', `${text}: ${name}`)
    return made
  }

  const remove = () => frame.remove()
  const removeButton = (onclick = remove) => button('Remove', onclick)

  function showDeveloping(isAnnounced: boolean) {
    if (frame.dataset.state === 'developing') return
    setState('developing', 'Developing', isAnnounced)
    slow = setTimeout(() => {
      words.textContent = 'Developing · longer than usual'
    }, SLOW_MS)
  }

  function showDeveloped({ srcset, sources, variants = [], original, placeholder, exif }: Picture) {
    const largest = variants.toSorted((a, b) => b.width - a.width)[0]
    if (placeholder) frame.style.setProperty('--tone', placeholder.dominantColor)
    if (largest) load(largest, { srcset, sources })
    if (original?.width)
      facts.textContent = [`${original.width} × ${original.height}`, cameraOf(exif ?? {})]
        .filter(Boolean)
        .join(' · ')
    const before = original?.bytes ?? bytes ?? 0
    details.replaceChildren(
      ...(largest ? [sizes(before, largest.bytes)] : []),
      element('ul', {}, ...variants.map(variantItem)),
      ...(exif?.hadLocation
        ? [element('p', { className: 'facts' }, 'The location was removed from every copy.')]
        : []),
    )
  }

  /** Replaces the preview once the developed picture has loaded. Without a preview it loads when it is scrolled to. */
  function load({ url, width, height }: Variant, { srcset = '', sources = [] }: Candidates) {
    const shown = element('img', {
      alt: note || name,
      decoding: 'async',
      loading: preview ? 'eager' : 'lazy',
      width,
      height,
      sizes: SIZES,
      srcset,
      src: url,
    })
    const alternatives = sources.map((source) => element('source', { ...source, sizes: SIZES }))
    const developed = element('picture', {}, ...alternatives, shown)
    picture.href = url
    picture.setAttribute('aria-label', `${name}, full size`)
    shown.onload = () => {
      picture.classList.remove('blank')
      if (preview) picture.replaceChildren(developed)
      if (preview) URL.revokeObjectURL(preview)
    }
    shown.onerror = () => {
      facts.textContent = 'The developed picture could not be loaded. Reload the page to try again.'
    }
    if (!preview) {
      picture.classList.remove('blank')
      picture.replaceChildren(developed)
    }
  }

  return {
    element: frame,
    remove,
    /** The picture was not received, and sending it again does not help. */
    showNotSent: (detail: string) => showProblem('Not sent', detail, removeButton()),
    /** The picture was not received yet. Resolves when the user chooses one of the buttons. */
    showNotSentYet: (detail: string) =>
      new Promise<'retry' | 'remove'>((resolve) => {
        const retry = button('Try now', () => resolve('retry'), '')
        showProblem(
          'Not sent yet',
          `${detail} It is sent again automatically.`,
          retry,
          removeButton(() => resolve('remove')),
        )
      }),
    /** The picture was received, but not developed. */
    showFailed: (detail: string) => showProblem('Not developed', detail, removeButton()),
    showWaiting() {
      details.replaceChildren()
      setState(
        'waiting',
        navigator.onLine ? 'Waiting to upload' : 'Offline · will be sent when you are back online',
        false,
      )
    },
    /** @param progress 0 to 1 */
    showProgress: (progress: number) =>
      setState('uploading', progress < 1 ? `Uploading · ${Math.floor(progress * 100)} %` : 'Uploaded', false),
    showAccepted: () => showDeveloping(true),
    /** The status is not available right now; the page keeps asking. */
    showWarning: (detail: string) =>
      details.replaceChildren(element('p', { className: 'problem' }, `${detail} This page keeps trying.`)),
    /** Returns whether the status is final. */
    update(image: Picture): boolean {
      details.replaceChildren()
      note ||= image.attributes?.note ?? ''
      remark.textContent = note
      remark.hidden = !note
      if (image.status === 'processed') {
        showDeveloped(image)
        setState(
          'ready',
          file ? `Ready in ${secondsSince(addedAt)} s` : `Ready · ${formatTime(image.acceptedAt ?? '')}`,
          Boolean(file),
        )
      } else if (image.status === 'failed') {
        const reason = image.failure?.detail ?? 'This picture could not be developed.'
        showProblem('Not developed', reason, removeButton())
      } else if (image.status === 'erased') setState('erased', 'Erased', false)
      else showDeveloping(false)
      return image.status !== 'queued'
    },
  }
}

type Variant = NonNullable<Picture['variants']>[number]
type Candidates = Pick<Picture, 'srcset' | 'sources'>

function barClass(index: number, step: number): string {
  if (index < step || step === STEPS.length - 1) return 'done'
  return index === step ? 'now' : ''
}

function sizes(before: number, after: number): HTMLElement {
  return element(
    'p',
    { className: 'sizes' },
    'Before ',
    element('b', {}, formatBytes(before)),
    ', after ',
    element('b', {}, formatBytes(after)),
    element('span', {}, ` (${formatChange(before, after)})`),
  )
}

function variantItem({ name, url, width, height, contentType, bytes }: Variant): HTMLElement {
  return element(
    'li',
    {},
    element('a', { href: url }, name),
    element('span', {}, `${width} × ${height}`),
    element('span', {}, contentType.replace('image/', '').toUpperCase()),
    element('b', {}, formatBytes(bytes)),
  )
}

function secondsSince(time: number): string {
  return ((performance.now() - time) / 1000).toFixed(1)
}
