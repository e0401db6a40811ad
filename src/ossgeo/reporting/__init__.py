"""What people read and look at: profiles, pictures and pages.

Not ``ossgeo.report``, which is the function that writes a page.
"""
