"""Line plots as SVG, of the standard library alone: panels side by side, linear or logarithmic axes, lines labelled at
their ends. Colours follow the reader's preference for light or dark; text is in the reader's sans-serif font."""
import math

WIDTH, HEIGHT = 470, 370  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 62, 104, 58, 50
LINE_HEIGHT = 15

STYLE = """
svg { background: #ffffff; font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
.paper { fill: #ffffff } text { fill: #24292f } .title { font-size: 14px; font-weight: 600 } .note, .tick { fill: #57606a }
.grid { stroke: #d8dee4; stroke-width: 1 } .axis { stroke: #8c959f; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round } .guide { fill: none; stroke: #8c959f; stroke-width: 1.5; stroke-dasharray: 5 4 }
.s0 { stroke: #0a5bc4 } .s1 { stroke: #c4500a } .s2 { stroke: #177a3d } .s3 { stroke: #8a3fc0 }
.f0 { fill: #0a5bc4 } .f1 { fill: #c4500a } .f2 { fill: #177a3d } .f3 { fill: #8a3fc0 }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117 } .paper { fill: #0d1117 } text { fill: #e6edf3 } .note, .tick { fill: #9198a1 }
.grid { stroke: #262c36 } .axis { stroke: #656c76 } .guide { stroke: #7d8590 }
.s0 { stroke: #58a6ff } .s1 { stroke: #f0883e } .s2 { stroke: #56d364 } .s3 { stroke: #d2a8ff }
.f0 { fill: #58a6ff } .f1 { fill: #f0883e } .f2 { fill: #56d364 } .f3 { fill: #d2a8ff } }
"""


def escaped(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class LogAxis:
    """Ticks at the powers of ten, and at 2 and 5 times them where there are few; or where they are told."""

    def __init__(self, label, name_of, ticks=None):
        self.label, self.name_of, self.ticks = label, name_of, ticks

    def fit(self, values):
        low, high = math.log10(min(values)), math.log10(max(values))
        room = 0.04 * max(high - low, 0.5)
        self.low, self.high = low - room, high + room
        if self.ticks is None:
            steps = (1,) if high - low > 2.5 else (1, 2, 5)
            candidates = [step * 10.0**power for power in range(math.floor(low) - 1, math.ceil(high) + 2) for step in steps]
            self.ticks = [tick for tick in candidates if self.low <= math.log10(tick) <= self.high]

    def place(self, value):
        return (math.log10(value) - self.low) / (self.high - self.low)


class LinearAxis:
    """From zero on."""

    def __init__(self, label, name_of, ticks):
        self.label, self.name_of, self.ticks = label, name_of, ticks

    def fit(self, values):
        self.high = 1.04 * max([*values, *self.ticks])

    def place(self, value):
        return value / self.high


class Panel:
    """Lines over one pair of axes. A guide is a dashed line for comparison that does not stretch the axes."""

    def __init__(self, title, note, x, y):
        self.title, self.note, self.x, self.y = title, note, x, y
        self.lines, self.guides = [], []

    def add(self, name, points, colour):
        if points:
            self.lines.append((name, sorted(points), colour))

    def add_guide(self, name, points):
        self.guides.append((name, points))

    def xy(self, point):
        inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + inner_width * self.x.place(point[0]), TOP + inner_height * (1 - self.y.place(point[1]))

    def path(self, points):
        return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in map(self.xy, points))

    def marker(self, point, shape):
        x, y = self.xy(point)
        if shape == 0:
            return f'<circle class="f0" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        corners = {1: [(-4, -4), (4, -4), (4, 4), (-4, 4)], 2: [(0, -5), (5, 4), (-5, 4)],
                   3: [(0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)]}[shape]
        return f'<path class="f{shape}" d="M' + " L".join(f"{x + dx:.1f} {y + dy:.1f}" for dx, dy in corners) + ' Z"/>'

    def axes(self):
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        parts = []
        for tick in self.y.ticks:
            _, y = self.xy((self.x.ticks[0], tick))
            parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
            parts.append(f'<text class="tick" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{escaped(self.y.name_of(tick))}</text>')
        for tick in self.x.ticks:
            x, _ = self.xy((tick, self.y.ticks[-1]))
            parts.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>')
            parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{escaped(self.x.name_of(tick))}</text>')
        parts.append(f'<path class="axis" fill="none" d="M{LEFT} {TOP} V{bottom} H{right}"/>')
        parts.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escaped(self.x.label)}</text>')
        parts.append(f'<text class="title" x="12" y="22">{escaped(self.title)}</text>')
        parts.append(f'<text class="note" x="12" y="40">{escaped(self.note)}</text>')
        return parts

    def end_labels(self):
        """At the end of its line each, moved apart where they would overlap."""
        ends = [[self.xy(points[-1]), name, ""] for name, points in self.guides]
        ends += [[self.xy(points[-1]), name, f"f{colour}"] for name, points, colour in self.lines]
        ends.sort(key=lambda end: end[0][1])
        parts, free = [], TOP
        overflow = max(0, TOP + LINE_HEIGHT * len(ends) - (HEIGHT - BOTTOM))
        for i, ((x, y), name, style) in enumerate(ends):
            lowest = HEIGHT - BOTTOM + overflow - LINE_HEIGHT * (len(ends) - 1 - i)
            y = min(max(y, free), lowest)
            free = y + LINE_HEIGHT
            style = f' class="{style or "note"}"'
            parts.append(f'<text{style} x="{x + 9:.1f}" y="{y + 4:.1f}">{escaped(name)}</text>')
        return parts

    def svg(self):
        points = [point for _, line, _ in self.lines for point in line]
        self.x.fit([x for x, _ in points])
        self.y.fit([y for _, y in points])
        parts = self.axes()
        for name, guide in self.guides:
            parts.append(f'<path class="guide" d="{self.path(guide)}"/>')
        for name, line, colour in self.lines:
            parts.append(f'<path class="line s{colour}" d="{self.path(line)}"/>')
            parts += [self.marker(point, colour) for point in line]
        return parts + self.end_labels()


def write(path, panels, description):
    width = WIDTH * len(panels)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" role="img">',
             f"<title>{escaped(description)}</title>", f"<style>{STYLE}</style>",
             f'<rect class="paper" width="{width}" height="{HEIGHT}"/>']
    for i, panel in enumerate(panels):
        parts += [f'<g transform="translate({i * WIDTH} 0)">', *panel.svg(), "</g>"]
    with open(path, "w") as file:
        file.write("\n".join(parts) + "\n</svg>\n")
