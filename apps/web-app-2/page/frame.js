// @ts-check
import { bytesInWords, change } from './words.js'

/** @import { Image } from './server.js' */

/** The way of a picture, in order; each is a bar of the frame's lamp strip. */
const STEPS = ['uploading', 'accepted', 'developing', 'ready']

const SIZES = '(max-width: 40rem) 100vw, 24rem'

/**
 * A picture on the page, from the choice of a file to the developed image, or to what went wrong.
 *
 * @typedef {ReturnType<typeof createFrame>} Frame
 * @param {{ name: string, bytes?: number | undefined, note?: string, file?: File }} picture
 */
export function createFrame({ name, bytes, note, file }) {
  const began = performance.now()
  const img = element('img', { alt: '', decoding: 'async' })
  const preview = file && URL.createObjectURL(file)
  const picture = element('a', { className: 'picture' }, img)
  const words = element('span', { className: 'words' })
  const facts = element('p', { className: 'facts' }, bytes === undefined ? '' : bytesInWords(bytes))
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

  /** @param {string} state @param {string} text @param {boolean} [aloud] */
  function say(state, text, aloud = true) {
    frame.dataset.state = state
    words.textContent = text
    const step = STEPS.indexOf(state)
    for (const [index, bar] of [...strip.children].entries()) bar.className = barClass(index, step)
    if (aloud) announce(`${name}: ${text}`)
  }

  /** @param {string} outcome @param {string} detail @param {() => void} [retry] */
  function end(outcome, detail, retry) {
    say('failed', outcome, false)
    announce(`${name}: ${detail}`)
    const button = element('button', {
      type: 'button',
      className: retry ? '' : 'quiet',
      onclick: retry ?? (() => frame.remove()),
    })
    button.textContent = retry ? 'Retry' : 'Put away'
    button.setAttribute('aria-label', `${button.textContent}: ${name}`)
    details.replaceChildren(element('p', { className: 'problem' }, detail), button)
  }

  /** @param {Image} image */
  function develop({ srcset = '', variants = [], original, placeholder, exif }) {
    const largest = variants.toSorted((a, b) => b.width - a.width)[0]
    if (placeholder) frame.style.setProperty('--tone', placeholder.dominantColor)
    if (largest) reveal(largest.url, srcset)
    if (original?.width)
      facts.textContent = [`${original.width} × ${original.height}`, cameraOf(exif)]
        .filter(Boolean)
        .join(' · ')
    const before = original?.bytes ?? bytes ?? 0
    details.replaceChildren(
      ...(largest ? [sizes(before, largest.bytes)] : []),
      element('ul', {}, ...variants.map(variantItem)),
      ...(exif?.hadLocation
        ? [element('p', { className: 'facts' }, 'Where it was taken has been removed from every copy.')]
        : []),
    )
  }

  /** The preview stays until the developed picture can take its place. @param {string} url @param {string} srcset */
  function reveal(url, srcset) {
    const developed = element('img', { alt: note || name, sizes: SIZES, srcset, src: url })
    picture.href = url
    picture.setAttribute('aria-label', `${name}, the largest copy`)
    developed.onload = () => {
      picture.classList.remove('blank')
      picture.replaceChildren(developed)
      if (preview) URL.revokeObjectURL(preview)
    }
    developed.onerror = () => {
      facts.textContent = 'The developed picture cannot be loaded just now. Reload the page to try again.'
    }
  }

  return {
    element: frame,
    /** It did not reach Kafka. @param {string} detail @param {() => void} [retry] */
    isRefused: (detail, retry) => end('Not sent', detail, retry),
    /** It reached Kafka, and nothing came of it. @param {string} detail */
    fails: (detail) => end('Not developed', detail),
    waits() {
      details.replaceChildren()
      say('waiting', 'Waiting for its turn', false)
    },
    /** @param {number} share */
    uploads(share) {
      const text = share < 1 ? `Uploading · ${Math.floor(share * 100)} %` : 'Uploaded, waiting for Kafka'
      say('uploading', text, false)
    },
    accepted: () => say('accepted', 'Accepted by Kafka'),
    /** Something is in the way for now, and this page keeps trying. @param {string} detail */
    worry: (detail) =>
      details.replaceChildren(element('p', { className: 'problem' }, `${detail} This page keeps asking.`)),
    /** @param {Image} image @returns {boolean} whether this is the end of its way */
    update(image) {
      details.replaceChildren()
      remark.textContent = note ||= image.attributes?.note ?? ''
      remark.hidden = !note
      if (image.status === 'processed') {
        develop(image)
        say(
          'ready',
          file ? `Ready in ${((performance.now() - began) / 1000).toFixed(1)} s` : `Ready · ${timeOf(image)}`,
          Boolean(file),
        )
      } else if (image.status === 'failed') {
        end('Not developed', image.failure?.detail ?? 'The Darkroom could not develop this picture.')
      } else if (image.status !== 'queued') {
        say(image.status, 'Erased', false)
      } else if (image.original && frame.dataset.state !== 'developing') {
        say('developing', 'Developing', Boolean(file))
      } else if (!image.original) {
        say('accepted', 'Accepted by Kafka', false)
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
    element('b', {}, bytesInWords(before)),
    ', after ',
    element('b', {}, bytesInWords(after)),
    element('span', {}, ` (${change(before, after)})`),
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
    element('b', {}, bytesInWords(bytes)),
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

/** For those who cannot see the page change. @param {string} text */
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
