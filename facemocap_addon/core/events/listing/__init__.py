# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as a person sees and grabs them: listed as they are after their step, edited by name.

``finding.list_events`` lists them, ``records`` changes the edits that a step keeps, ``steps`` puts
such a step into a stack, ``handles`` says what lies under the mouse.
"""
