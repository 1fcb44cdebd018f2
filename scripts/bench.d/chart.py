"""Draws ratios as horizontal bars, with a line where both are the same."""
import html

ROW, LEFT, WIDTH, RIGHT = 26, 640, 420, 70


def chart(rows):
    """SVG of rows [(what, against, median ratio, limit or None)]."""
    longest = max(1.2, *(min(ratio, 2.0) for _, _, ratio, _ in rows))
    scale = WIDTH / longest
    height = ROW * (len(rows) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + RIGHT}"'
        f' height="{height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="16">time of release / time of the other '
        '(less is better; tick: the limit)</text>']
    for number, (what, against, ratio, limit) in enumerate(rows, 1):
        top = number * ROW + 4
        length = min(ratio, longest) * scale
        color = "#c0392b" if limit is not None and ratio > limit else "#2e86ab"
        parts.append(
            f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">'
            f'{html.escape(plain(what))} / {html.escape(plain(against))}</text>'
            f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="18" '
            f'fill="{color}"/>'
            f'<text x="{LEFT + length + 5:.1f}" y="{top + 13}">{ratio:.2f}'
            '</text>')
        if limit is not None:
            parts.append(
                f'<path d="M{LEFT + limit * scale:.1f} {top - 2}v22" '
                'stroke="black" stroke-width="2"/>')
    parts.append(
        f'<path d="M{LEFT + scale:.1f} {ROW}V{height - ROW + 8}" '
        'stroke="gray" stroke-dasharray="4 3"/></svg>')
    return "\n".join(parts) + "\n"


def plain(text):
    return text.replace("`", "")
