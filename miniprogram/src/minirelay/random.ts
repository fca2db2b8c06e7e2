const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Letters and digits at random: with twelve of them two phones never meet. */
export function randomText(length = 12): string {
  let text = ''
  for (let i = 0; i < length; i++) text += letters[Math.floor(Math.random() * letters.length)]
  return text
}
