// @ts-check
import { formatBytes, formatChange } from './format.js'

/** @import { Image } from './server.js' */

/** The states of a picture, in order. Each is a bar of the frame's progress strip. */
const STEPS = ['uploading', 'accepted', 'developing', 'ready']

const SIZES = '(max-width: 40rem) 100vw, 24rem'

/**
 * A picture on the page, from the chosen file to the developed image or the error.
 *
 * @typedef {ReturnType<typeof createFrame>} Frame
 * @param {{ name: string, bytes?: number | undefined, note?: string, file?: File }} picture
 */
export function createFrame({ name, bytes, note, file }) {
  const addedAt = performance.now()
  const img = element('img', { alt: '', decoding: 'async' })
  const preview = file && URL.createObjectURL(file)
  const picture = element('a', { className: 'picture' }, img)
  const words = element('span', { className: 'words' })
  const facts = element('p', { className: 'facts' }, bytes === undefined ? '' : formatBytes(bytes))
  const remark = element('p', { className: 'remark', hidden: !note }, note ?? '')
  const strip = element('span', { className: 'strip' }, ...STEPS.map(() => element('i')))
  const details = element('div', { className: 'details' })
  const frame = element(
    'article',
    { className: 'frame' },
    picture,
    element(
      'div',
      { className: 'caption' },
      element('h3', {}, name),
      element('p', { className: 'state' }, words),
      strip,
      remark,
      facts,
      details,
    ),
  )
  frame.setAttribute('aria-label', name)
  strip.setAttribute('aria-hidden', 'true')
  img.onerror = () => picture.classList.add('blank')
  if (preview) img.src = preview
  else picture.classList.add('blank')

  /** @param {string} state @param {string} text @param {boolean} [isAnnounced] */
  function setState(state, text, isAnnounced = true) {
    frame.dataset.state = state
    words.textContent = text
    const step = STEPS.indexOf(state)
    for (const [index, bar] of [...strip.children].entries()) bar.className = barClass(index, step)
    if (isAnnounced) announce(`${name}: ${text}`)
  }

  /** @param {string} title @param {string} detail @param {() => void} [retry] */
  function showError(title, detail, retry) {
    setState('failed', title, false)
    announce(`${name}: ${detail}`)
    const button = element('button', {
      type: 'button',
      className: retry ? '' : 'quiet',
      onclick: retry ?? (() => frame.remove()),
    })
    button.textContent = retry ? 'Retry' : 'Remove'
    button.setAttribute('aria-label', `${button.textContent}: ${name}`)
    details.replaceChildren(element('p', { className: 'problem' }, detail), button)
  }

  /** @param {Image} image */
  function showDeveloped({ srcset = '', variants = [], original, placeholder, exif }) {
    const largest = variants.toSorted((a, b) => b.width - a.width)[0]
    if (placeholder) frame.style.setProperty('--tone', placeholder.dominantColor)
    if (largest) load(largest.url, srcset)
    if (original?.width)
      facts.textContent = [`${original.width} × ${original.height}`, cameraOf(exif)]
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

  /** Replaces the preview once the developed picture has loaded. @param {string} url @param {string} srcset */
  function load(url, srcset) {
    const developed = element('img', { alt: note || name, sizes: SIZES, srcset, src: url })
    picture.href = url
    picture.setAttribute('aria-label', `${name}, full size`)
    developed.onload = () => {
      picture.classList.remove('blank')
      picture.replaceChildren(developed)
      if (preview) URL.revokeObjectURL(preview)
    }
    developed.onerror = () => {
      facts.textContent = 'The developed picture could not be loaded. Reload the page to try again.'
    }
  }

  return {
    element: frame,
    /** The picture did not reach Kafka. @param {string} detail @param {() => void} [retry] */
    showNotSent: (detail, retry) => showError('Not sent', detail, retry),
    /** The picture reached Kafka, but was not developed. @param {string} detail */
    showFailed: (detail) => showError('Not developed', detail),
    showWaiting() {
      details.replaceChildren()
      setState('waiting', 'Waiting to upload', false)
    },
    /** @param {number} progress 0 to 1 */
    showProgress(progress) {
      const text =
        progress < 1 ? `Uploading · ${Math.floor(progress * 100)} %` : 'Uploaded, waiting for Kafka'
      setState('uploading', text, false)
    },
    showAccepted: () => setState('accepted', 'Accepted by Kafka'),
    /** The status is not available right now; the page keeps polling. @param {string} detail */
    showWarning: (detail) =>
      details.replaceChildren(element('p', { className: 'problem' }, `${detail} This page keeps trying.`)),
    /** @param {Image} image @returns {boolean} whether the status is final */
    update(image) {
      details.replaceChildren()
      remark.textContent = note ||= image.attributes?.note ?? ''
      remark.hidden = !note
      if (image.status === 'processed') {
        showDeveloped(image)
        setState(
          'ready',
          file
            ? `Ready in ${((performance.now() - addedAt) / 1000).toFixed(1)} s`
            : `Ready · ${timeOf(image)}`,
          Boolean(file),
        )
      } else if (image.status === 'failed') {
        showError('Not developed', image.failure?.detail ?? 'Darkroom could not develop this picture.')
      } else if (image.status !== 'queued') {
        setState(image.status, 'Erased', false)
      } else if (image.original && frame.dataset.state !== 'developing') {
        setState('developing', 'Developing', Boolean(file))
      } else if (!image.original) {
        setState('accepted', 'Accepted by Kafka', false)
      }
      return image.status !== 'queued'
    },
  }
}

/** @param {number} index @param {number} step */
function barClass(index, step) {
  if (index < step || step === STEPS.length - 1) return 'done'
  return index === step ? 'now' : ''
}

/** @param {number} before @param {number} after */
function sizes(before, after) {
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

/** @param {NonNullable<Image['variants']>[number]} variant */
function variantItem({ name, url, width, height, contentType, bytes }) {
  return element(
    'li',
    {},
    element('a', { href: url }, name),
    element('span', {}, `${width} × ${height}`),
    element('span', {}, contentType.replace('image/', '').toUpperCase()),
    element('b', {}, formatBytes(bytes)),
  )
}

/** @param {Image['exif']} exif */
function cameraOf({ cameraMake = '', cameraModel = '' } = { hadLocation: false }) {
  return cameraModel.startsWith(cameraMake) ? cameraModel : `${cameraMake} ${cameraModel}`
}

/** @param {Image} image */
function timeOf({ acceptedAt = '' }) {
  return new Date(acceptedAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}

/** Announces a change to screen readers. @param {string} text */
function announce(text) {
  const announcer = document.getElementById('announcer')
  if (announcer) announcer.textContent = text
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Partial<HTMLElementTagNameMap[Tag]>} [properties] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}
