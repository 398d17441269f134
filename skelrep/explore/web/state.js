// What is shown, in one place; who shows it listens.

const state = {
  field: 0, // what the map is coloured by
  alone: new Set(), // values shown alone; all when empty
  hovered: -1,
  focused: -1, // where the keyboard stands
  chosen: -1,
  selected: new Set(),
  tool: 'move',
};
const listeners = [];

function listen(listener) {
  listeners.push(listener);
}

function update(changes) {
  const changed = new Set(Object.keys(changes).filter((key) => state[key] !== changes[key]));
  Object.assign(state, changes);
  if (changed.size) for (const listener of listeners) listener(changed);
}
